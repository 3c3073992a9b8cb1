"""Names inside of package lines."""

import re


def pip_name(requirement):
    """The canonical name of a requirement: ``Scikit_Learn[x]>=1`` → ``scikit-learn``; "" for options and URLs."""
    text = requirement.strip()
    egg = re.search(r"#egg=([A-Za-z0-9._-]+)", text)
    if egg:
        text = egg.group(1)
    match = re.match(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?=$|[\[(<>=!~;@,\s])", text)
    if not match or "://" in text.split("@")[0]:
        return ""
    return re.sub(r"[-_.]+", "-", match.group(1)).lower()


def conda_name(package):
    """The name of a conda package: ``conda-forge::python=3.6.2`` → ``python``."""
    return re.split(r"[\s=<>!~\[]", package.strip().split("::")[-1], maxsplit=1)[0].lower()


def conda_version(package):
    """The version that a conda package asks for, None without one: ``python=3.6.2`` → ``3.6.2``."""
    match = re.search(r"[=\s]=?\s*([0-9][0-9A-Za-z.]*)", package)
    return match.group(1).rstrip(".") if match else None
