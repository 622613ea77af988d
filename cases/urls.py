"""The clinic's pages. Addresses carry random ids only: never a name, an identifier or a pseudonym."""

from django.urls import path

from cases.views import home, patients

app_name = "cases"

urlpatterns = [
    path("", home.home, name="home"),
    path("patients/", patients.register, name="patients"),
    path("patients/find/", patients.find, name="find_patients"),
    path("patients/new/", patients.create, name="register_patient"),
    path("patients/<uuid:patient>/", patients.show, name="patient"),
]
