"""What a visitor is told instead of a page."""


class PageError(Exception):
    """A request that can't be answered as asked; `status` is HTTP's, the text says what is wrong and what to do."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
