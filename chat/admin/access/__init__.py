"""Access to content: permissions, the audit log of every view, and the reasons that staff give."""
