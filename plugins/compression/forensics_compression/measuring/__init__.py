"""How often the methods err: on pictures and clips of known truth, and on manipulations made of them for the purpose."""
