-- One row per business date and article that was sold.
select
    lines.business_date,
    lines.sku,
    products.product_name,
    products.category,
    cast(sum(lines.quantity) as integer) as items,
    cast(sum(lines.quantity * lines.unit_price) as decimal(12, 2)) as revenue
from {{ ref('stg_orders') }} as lines
inner join {{ ref('products') }} as products on lines.sku = products.sku
where lines.status = 'confirmed'
group by lines.business_date, lines.sku, products.product_name, products.category
