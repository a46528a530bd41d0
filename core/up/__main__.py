"""What `manage.py up` becomes once everything is prepared; see the command."""

import sys

from core.up.plan import Plan
from core.up.supervisor import Supervisor

if __name__ == "__main__":
    sys.exit(Supervisor(Plan.take_over()).run())
