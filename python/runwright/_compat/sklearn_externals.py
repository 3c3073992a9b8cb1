"""sklearn.externals.joblib and sklearn.externals.six, which scikit-learn 0.23 took away."""

from . import hooks


def install():
    for name in ("joblib", "six"):
        hooks.alias(
            "sklearn.externals." + name,
            name,
            "sklearn.externals.%s is gone from scikit-learn: %s was used. Write import %s." % (name, name, name),
            "Add %s to the packages of the environment." % name,
        )
