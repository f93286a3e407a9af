"""The vocabulary that names are made of: invented, plausible, and nobody's in particular."""

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_HALVES: Final = _words(
    """Amber Ash Aspen Birch Black Blue Bright Cedar Clear Cold Copper Coral Crown Dawn Deep Eagle East Ever Fair
    Falcon Fern Fox Frost Gold Gran Green Grey Hazel High Iron Ivory Juniper Keen Lark Long Maple Marble Mid North
    Oak Ocean Olive Onyx Pine Quartz Raven Red River Rose Sage Silver South Star Stone Summer Sun Swift Thorn Timber
    West White Wild Willow Winter"""
)
SECOND_HALVES: Final = _words(
    """bank bay bell borne bridge brook burn bury cliff combe cote court cove crest croft dale dell den fall field fold
    ford forge garth gate glen grove ham harbor haven heath hill holm hurst land lane leaf leigh light line lock marsh
    mead mere mill moor mount pass peak point port quay reach ridge rise rock shore side spring stead stream thorpe
    vale view wall ward water way well wick wind wood worth yard"""
)
FIELDS: Final = _words(
    """Aerospace Agriculture Analytics Apparel Automotive Beverages Biotech Capital Chemicals Construction Diagnostics
    Education Electronics Energy Engineering Farms Foods Freight Furniture Health Hotels Insurance Logistics Machinery
    Materials Media Medical Mining Mobility Packaging Pharma Plastics Power Properties Publishing Rail Retail Robotics
    Semiconductors Shipping Software Steel Systems Telecom Textiles Tools Travel Utilities"""
)
INDUSTRY_OF: Final = {
    "Capital": "Finance",
    "Insurance": "Insurance",
    "Software": "Technology",
    "Analytics": "Technology",
    "Health": "Healthcare",
    "Medical": "Healthcare",
    "Retail": "Retail",
    "Education": "Education",
    "Energy": "Energy",
}
PARTNER_FIELDS: Final = {
    "reseller": ("IT Solutions", "Business Technology", "Computing"),
    "referral": ("Advisors", "Associates", "Partners"),
    "distributor": ("Distribution", "Wholesale Technology", "Supply"),
    "technology": ("Labs", "Cloud", "Platforms"),
    "agency": ("Agency", "Digital", "Growth Marketing"),
    "integrator": ("Consulting", "Systems Integration", "Implementation"),
    "msp": ("Managed Services", "Managed IT", "Operations"),
    "affiliate": ("Review", "Media Network", "Guides"),
    "marketplace": ("Marketplace", "Exchange", "App Store"),
}
PARTNER_TYPES: Final = tuple(PARTNER_FIELDS)

GIVEN_NAMES: Final = _words(
    """Aisha Alan Ana Andrea Anil Beatriz Ben Carla Chen Chloe Daniel Dana Diego Elena Emeka Emma Eric Fatima Felix
    Grace Hana Hugo Ines Ivan Jack Jana Jorge Julia Kai Karin Kenji Lars Leila Li Lucas Maja Marco Maria Mateo Mei
    Mina Nadia Nils Noah Nora Olu Omar Paula Pedro Priya Rafael Rita Ruth Sara Sean Sofia Tariq Tessa Tomas Uma Vera
    Victor Wei Yara Yuki Zoe"""
)
FAMILY_NAMES: Final = _words(
    """Abara Adler Almeida Andersson Baker Bauer Becker Bell Bianchi Brandt Carter Castillo Chowdhury Costa Dahl Dubois
    Edwards Eriksen Farouk Ferrari Fischer Fontaine Garcia Grant Haddad Hansen Hayashi Hughes Ibrahim Ito Jansen Kaplan
    Keller Khan Kim Kovacs Kowalski Larsen Lopez Marino Martins Meyer Moreau Mori Murphy Nakamura Novak Okafor Olsen
    Park Patel Petrov Quinn Reyes Ricci Rossi Santos Sato Schmidt Silva Singh Tanaka Torres Varga Weber Wong Young
    Zhang"""
)
PRODUCTS: Final = ("Core Platform", "Analytics", "Security", "Data Exchange")
LEAD_SOURCES: Final = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
FREE_MAIL: Final = ("gmail.com", "outlook.com", "yahoo.co.uk", "gmx.de", "icloud.com")
TOUCH_TYPES: Final = (
    "referral_email",
    "joint_meeting",
    "demo",
    "webinar",
    "event",
    "content_download",
    "co_sell_call",
    "proof_of_concept",
)
TOUCH_SOURCES: Final = ("portal", "marketing", "event_list")
WRONG_PARTNERS: Final = (
    "Direct",
    "TBD",
    "n/a",
    "ask Grace",
    "Bluefin Consortium",
    "partner??",
    "Atlas & Sons",
)
TASK_SUBJECTS: Final = (
    "Call back about",
    "Send the proposal for",
    "Check the legal terms of",
    "Book a meeting on",
)
