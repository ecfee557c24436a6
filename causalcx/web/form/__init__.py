"""The form *register a change*: what is typed becomes an experiment file, and an experiment file fills the form again."""

from causalcx.web.form.complaints import Complaint, complaints_of, in_reading_order
from causalcx.web.form.document import Stated, document_of
from causalcx.web.form.fields import GROUPS, PLACES, SECTIONS, Field, Group, Section
from causalcx.web.form.kinds import is_date
from causalcx.web.form.refill import typed_of
from causalcx.web.form.typed import Typed, row_number
from causalcx.web.form.writing import write_yaml

__all__ = [
    "GROUPS", "PLACES", "SECTIONS", "Complaint", "Field", "Group", "Section", "Stated", "Typed", "complaints_of", "document_of",
    "in_reading_order", "is_date", "row_number", "typed_of", "write_yaml",
]  # fmt: skip
