{% test not_in_the_future(model, column_name, as_of) %}
    select {{ column_name }}
    from {{ model }}
    where {{ column_name }} > cast('{{ as_of }}' as date)
{% endtest %}
