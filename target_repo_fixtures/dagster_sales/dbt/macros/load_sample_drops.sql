{#- The sources of the `sample` target: every drop of the repository, as the ingest assets would have loaded it.
    Its path is relative to this project's folder, in which dbt is run. -#}
{% macro load_sample_drops() %}
  {%- if execute and target.name == 'sample' -%}
    create schema if not exists raw;
    {%- for table in ['orders', 'payments'] %}
    create or replace table raw.{{ table }} as
    select * exclude (filename), cast(parse_filename(filename, true) as date) as drop_date
    from read_csv('../data/drops/{{ table }}/*.csv', header = true, all_varchar = true, filename = true);
    {%- endfor %}
  {%- endif -%}
{% endmacro %}
