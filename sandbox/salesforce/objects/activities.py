"""Tasks."""

from sandbox.salesforce.fields import day, fixed, flag, link, moment, pick, text, whole
from sandbox.salesforce.objects.model import SObject, currency_field, system_fields

TASK = SObject(
    "Task",
    "00T",
    (
        *system_fields("Activity"),
        link("RecordTypeId", "RecordType", label="Record Type ID"),
        link("WhoId", "Contact", "Lead", label="Name ID", children="Tasks"),
        link("WhatId", "Account", "Opportunity", label="Related To ID", children="Tasks", cascade=True),
        pick("Subject", ["Call", "Email", "Send Letter", "Send Quote", "Other"], type="combobox", name_field=True),
        day("ActivityDate", "Due Date Only"),
        pick(
            "Status",
            ["Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"],
            default="Not Started",
            nillable=False,
            length=255,
        ),
        pick("Priority", ["High", "Normal", "Low"], default="Normal", nillable=False, length=255),
        fixed(flag("IsHighPriority", "High Priority")),
        link("OwnerId", "User", "Group", label="Assigned To ID", nillable=False, defaulted=True),
        text("Description", 32000, type="textarea"),
        fixed(link("AccountId", "Account", label="Account ID")),
        fixed(flag("IsClosed", "Closed")),
        fixed(flag("IsArchived", "Archived")),
        pick("TaskSubtype", ["Task", "Email", "Call"], "Task Subtype", "Task", updateable=False, restricted=True),
        pick("Type", ["Call", "Email", "Meeting", "Other"]),
        text("CallDisposition", 255, "Call Result"),
        whole("CallDurationInSeconds", "Call Duration"),
        moment("ReminderDateTime", "Reminder Date/Time"),
        flag("IsReminderSet", "Reminder Set"),
        flag("IsVisibleInSelfService", "Public"),
        fixed(moment("CompletedDateTime", "Completed Date/Time")),
        currency_field(),
    ),
)
