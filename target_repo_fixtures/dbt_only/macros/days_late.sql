{#- Whole days after the due date; none for a loan that came back in time, or is not due yet. -#}
{% macro days_late(due_on, returned_on, as_of) -%}
    greatest(0, date_diff('day', {{ due_on }}, coalesce({{ returned_on }}, {{ as_of }})))
{%- endmacro %}
