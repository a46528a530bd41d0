"""What can be asked for: one file each, one declaration each. README tells how to add one."""
