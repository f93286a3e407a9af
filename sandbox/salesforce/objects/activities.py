"""Tasks, and what their status may be."""

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
        pick("Status", (), default="", nillable=False, length=255),  # the schema takes both from `task_statuses`
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

TASK_STATUS = SObject(
    "TaskStatus",
    "01V",
    (
        *system_fields("Task Status", deleted=False),
        fixed(text("MasterLabel", 255, "Master Label", name_field=True)),
        fixed(text("ApiName", 255, "API Name", id_lookup=True)),
        fixed(whole("SortOrder", "Sort Order")),
        fixed(flag("IsDefault", "Is Default")),
        fixed(flag("IsClosed", "Closed")),
    ),
    label="Task Status Value",
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    replicateable=False,
    searchable=False,
    layoutable=False,
)
"""Read-only: the switch `task_statuses` makes its rows."""
