"""What a log may say of an error: its text may hold what a person wrote."""


def kind(error: BaseException) -> str:
    """The kind of an error."""
    return type(error).__name__


def where(error: BaseException) -> str:
    """Kind and places of an error, without its text."""
    places = []
    step = error.__traceback__
    while step:
        code = step.tb_frame.f_code
        places.append(f"{code.co_name}:{step.tb_lineno}")
        step = step.tb_next
    return f"{kind(error)} at {' > '.join(places[-4:])}"
