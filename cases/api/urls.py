"""The addresses of the REST API."""

from django.urls import include, path, re_path

from cases.api.endpoint import Nothing
from cases.api.views import (
    analyses,
    audit,
    cases,
    docs,
    explanations,
    models,
    patients,
    reading,
    retakes,
    saved_filters,
    scales,
    tokens,
    uploads,
)

app_name = "api"

version_1 = [
    path("auth/token/", tokens.Tokens.as_view(), name="token"),
    path("patients/", patients.Patients.as_view(), name="patients"),
    path("patients/likely/", patients.LikelyPatients.as_view(), name="likely-patients"),
    path("patients/<uuid:patient>/", patients.Patient.as_view(), name="patient"),
    path("patients/<uuid:patient>/consents/", patients.Consents.as_view(), name="consents"),
    path("lesions/", patients.Lesions.as_view(), name="lesions"),
    path("lesions/<uuid:lesion>/", patients.Lesion.as_view(), name="lesion"),
    path("cases/", cases.Cases.as_view(), name="cases"),
    path("cases/<uuid:case>/", cases.Case.as_view(), name="case"),
    path("cases/<uuid:case>/images/", cases.Images.as_view(), name="images"),
    path("cases/<uuid:case>/uploads/", uploads.Uploads.as_view(), name="uploads"),
    path("uploads/<uuid:upload>/", uploads.Upload.as_view(), name="upload"),
    path("uploads/<uuid:upload>/complete/", uploads.Completion.as_view(), name="complete-upload"),
    path("cases/<uuid:case>/submit/", cases.Submission.as_view(), name="submit"),
    path("cases/<uuid:case>/claim/", reading.Claim.as_view(), name="claim"),
    path("cases/<uuid:case>/release/", reading.Release.as_view(), name="release"),
    path("cases/<uuid:case>/request-images/", retakes.RequestImages.as_view(), name="request-images"),
    path("cases/<uuid:case>/decline-retake/", retakes.DeclineRetake.as_view(), name="decline-retake"),
    path("cases/<uuid:case>/withdraw-request/", retakes.WithdrawRequest.as_view(), name="withdraw-request"),
    path("cases/<uuid:case>/reads/", reading.Reads.as_view(), name="reads"),
    path("images/<uuid:image>/file/", analyses.ImageFile.as_view(), name="image-file"),
    path("images/<uuid:image>/accept/", cases.Acceptance.as_view(), name="accept"),
    path("images/<uuid:image>/recognisable/", analyses.ImageMark.as_view(), name="mark-image"),
    path("images/<uuid:image>/scales/", scales.Scales.as_view(), name="scales"),
    path("images/<uuid:image>/scale-suggestions/", scales.ScaleSuggestions.as_view(), name="scale-suggestions"),
    path("images/<uuid:image>/reveal/", analyses.ImageReveal.as_view(), name="reveal"),
    path("analyses/<uuid:analysis>/", analyses.Analysis.as_view(), name="analysis"),
    path("analyses/<uuid:analysis>/heatmaps/<slug:diagnosis>/", analyses.Heatmap.as_view(), name="heatmap"),
    path("analyses/<uuid:analysis>/explanations/", explanations.Explanations.as_view(), name="explanations"),
    path("explanations/<uuid:explanation>/", explanations.Explanation.as_view(), name="explanation"),
    path(
        "explanations/<uuid:explanation>/overlay/",
        explanations.ExplanationOverlay.as_view(),
        name="explanation-overlay",
    ),
    path("worklist/", reading.WorklistRows.as_view(), name="worklist"),
    path("worklist-filters/", saved_filters.SavedFilters.as_view(), name="saved-filters"),
    path("worklist-filters/<uuid:saved>/", saved_filters.SavedFilter.as_view(), name="saved-filter"),
    path("worklist-filters/<uuid:saved>/delete/", saved_filters.DeleteSavedFilter.as_view(), name="delete-filter"),
    path("audit-events/", audit.AuditEvents.as_view(), name="audit-events"),
    path("audit-reports/", audit.AuditReports.as_view(), name="audit-reports"),
    path("audit-reports/<uuid:report>/download/", audit.AuditDownload.as_view(), name="audit-download"),
    path("models/", models.Models.as_view(), name="models"),
    path("models/<uuid:model>/activate/", models.Activation.as_view(), name="activate"),
    re_path(r"", Nothing.as_view(), name="nothing"),
]
urlpatterns = [
    path("schema/", docs.Schema.as_view(), name="schema"),
    path("docs/", docs.Docs.as_view(), name="docs"),
    path("v1/", include(version_1)),
]
