"""How a job of pictures speaks upward. Receivers' errors are logged and change nothing."""

from django.dispatch import Signal

# image: the MenuImage that has just got its picture or failed, as stored. Sent after the commit, by the
# process that drew it. Beside it the job's task says its progress by the runtime's `task_changed`.
picture_ended = Signal()
