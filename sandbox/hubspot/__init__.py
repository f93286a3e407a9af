"""A HubSpot portal over HTTP: what api.hubapi.com answers, as recorded, for any client of it."""

from sandbox.hubspot.portal import HubSpot

__all__ = ["HubSpot"]
