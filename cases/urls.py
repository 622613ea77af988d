"""The clinic's pages. Addresses carry random ids only: never a name, an identifier or a pseudonym."""

from django.urls import path

from cases.views import audit, home, intake, media, models, patients, progress, reading, uploads, usability, worklist

app_name = "cases"

urlpatterns = [
    path("", home.home, name="home"),
    path("patients/", patients.register, name="patients"),
    path("patients/find/", patients.find, name="find_patients"),
    path("patients/new/", patients.create, name="register_patient"),
    path("patients/<uuid:patient>/", patients.show, name="patient"),
    path("patients/<uuid:patient>/correct/", patients.correct, name="correct_patient"),
    path("patients/<uuid:patient>/cases/", intake.open_draft, name="open_case"),
    path("cases/new/", intake.new_case, name="new_case"),
    path("cases/<uuid:case>/", progress.show, name="case"),
    path("cases/<uuid:case>/progress/", progress.progress, name="progress"),
    path("cases/<uuid:case>/intake/", intake.intake, name="intake"),
    path("cases/<uuid:case>/lesions/", intake.add_lesion, name="add_lesion"),
    path("cases/<uuid:case>/images/", uploads.upload, name="upload"),
    path("cases/<uuid:case>/history/", intake.save_history, name="save_history"),
    path("cases/<uuid:case>/submit/", intake.submit, name="submit"),
    path("cases/<uuid:case>/discard/", intake.discard, name="discard"),
    path("images/<uuid:image>/describe/", uploads.describe, name="describe_image"),
    path("images/<uuid:image>/remove/", uploads.remove, name="remove_image"),
    path("analyses/<uuid:analysis>/retry/", progress.retry, name="retry"),
    path("media/images/<uuid:image>/picture", media.picture, name="picture"),
    path("media/images/<uuid:image>/thumbnail", media.thumbnail, name="thumbnail"),
    path("media/analyses/<uuid:analysis>/heat.json", media.heat, name="heat"),
    path("worklist/", worklist.worklist, name="worklist"),
    path("worklist/next/", worklist.read_next, name="read_next"),
    path("cases/<uuid:case>/reading/", reading.reading, name="reading"),
    path("cases/<uuid:case>/claim/", reading.claim, name="claim"),
    path("cases/<uuid:case>/release/", reading.release, name="release"),
    path("cases/<uuid:case>/sign/", reading.sign, name="sign"),
    path("audit/", audit.audit, name="audit"),
    path("audit/chain/", audit.chain, name="audit_chain"),
    path("audit/reports/", audit.create_report, name="audit_report"),
    path("audit/reports/<uuid:report>/download/", audit.download, name="audit_download"),
    path("models/", models.models, name="models"),
    path("models/<uuid:model_version>/", models.model, name="model"),
    path("models/<uuid:model_version>/activate/", models.activate, name="activate_model"),
    path("usability/", usability.answer, name="usability"),
    path("usability/results/", usability.results, name="usability_results"),
]
