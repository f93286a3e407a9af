"""Whole worlds, played by the thousand: generated steps of people, faults and crashes, judged by the CRMs' own full state."""
