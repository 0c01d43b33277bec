from airflow import DAG
from airflow.operators.bash_operator import BashOperator
from airflow.contrib.sensors.file_sensor import FileSensor

dag = DAG("invoices_v1", schedule_interval="@daily")
wait = FileSensor(task_id="wait", filepath="/mnt/drops/invoices.csv", dag=dag)
load = BashOperator(task_id="load", bash_command="load_invoices.sh ", dag=dag)
load.set_upstream(wait)
