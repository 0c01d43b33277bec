{#- Laptops and checks have no export: the tables that it fills are made from the extracts in this repository. -#}
{% macro load_sample_extracts() %}
    {%- if target.name == 'sample' -%}
        create schema if not exists loans_export;
        {%- for name in ['loans', 'members', 'items'] %}
        create or replace table loans_export.{{ name }} as
        select * from read_csv('data/extracts/{{ name }}.csv', header = true);
        {%- endfor %}
    {%- endif -%}
{% endmacro %}
