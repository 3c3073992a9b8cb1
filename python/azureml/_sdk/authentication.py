"""Authentication classes: all accepted, all of them mean the credential that `runwright` has for the server.

Nothing is asked, and no secret given here is sent or kept.
"""


class AbstractAuthentication:
    """Base class."""

    def __init__(self, *args, **kwargs):
        pass

    def get_authentication_header(self):
        """Headers that authorize a request at the server that config.json, RUNWRIGHT_SERVER or the credential file
        names."""
        from runwright import config

        return {"Authorization": "Bearer " + str(config.resolve().token)}

    def get_token(self, *scopes, **kwargs):
        raise_not_built(type(self).__name__ + ".get_token")


def raise_not_built(name):
    from azureml._sdk.exceptions import NotBuiltError

    raise NotBuiltError("%s is not part of this release of Runwright: no Azure token exists here." % name)


class InteractiveLoginAuthentication(AbstractAuthentication):
    """force, tenant_id: accepted."""

    def __init__(self, force=False, tenant_id=None, cloud=None, **kwargs):
        super().__init__()
        self.tenant_id = tenant_id


class AzureCliAuthentication(AbstractAuthentication):
    """Accepted."""


class MsiAuthentication(AbstractAuthentication):
    """Accepted."""


class ServicePrincipalAuthentication(AbstractAuthentication):
    """tenant_id, service_principal_id (2018: username), service_principal_password (password): accepted."""

    def __init__(self, tenant_id=None, service_principal_id=None, service_principal_password=None, username=None,
                 password=None, **kwargs):
        super().__init__()
        self.tenant_id = tenant_id
        self.service_principal_id = service_principal_id or username


class TokenAuthentication(AbstractAuthentication):
    """get_token_for_audience: kept, never called."""

    def __init__(self, get_token_for_audience=None, **kwargs):
        super().__init__()
        self.get_token_for_audience = get_token_for_audience


class Audience:
    """Audiences of a token."""

    arm = ARM = "ARM"
    aml = AZUREML = "AZUREML"
