"""Values as frameworks make them, where the frameworks are not needed."""


class Scalar:
    """As NumPy's scalars and tensors of one element look from outside."""

    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value


class Array:
    def __init__(self, values):
        self.values = values

    def tolist(self):
        return self.values

    def item(self):
        raise ValueError("only one element tensors can be converted")
