"""What must change in the CRM: desired values, a three-way merge per field, a plan that can refuse itself, and its doing."""
