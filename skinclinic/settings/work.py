"""Where data lives and how background work is promised: the database is the truth, the broker a wake-up call."""

from pathlib import Path

from kombu import Exchange, Queue

from skinclinic.settings.environment import BASE_DIR, env

DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()

# ── The network ───────────────────────────────────────────────────────────────────────────────────
MODELS_DIR = Path(env.str("MODELS_DIR", default=str(BASE_DIR / "models"))).resolve()
# Empty: the newest bundle in MODELS_DIR.
MODEL_BUNDLE = env.str("MODEL_BUNDLE", default="")
# auto, onnxruntime or openvino; auto is ONNX Runtime, and says where OpenVINO would be faster (docs/adr/0007).
INFERENCE_RUNTIME = env.str("INFERENCE_RUNTIME", default="auto")
# What a bundle must flag, on its own held-out data and at its own threshold, before it may answer in a clinic.
MELANOMA_SENSITIVITY_FLOOR = env.float("MELANOMA_SENSITIVITY_FLOOR", default=0.8)
MALIGNANT_SENSITIVITY_FLOOR = env.float("MALIGNANT_SENSITIVITY_FLOOR", default=0.8)

# ── An analysis is a job with a lease ─────────────────────────────────────────────────────────────
ANALYSIS_MAX_ATTEMPTS = 3
ANALYSIS_LEASE_SECONDS = env.float("ANALYSIS_LEASE_SECONDS", default=20.0)
# A heartbeat may be late twice before its lease runs out.
ANALYSIS_HEARTBEAT_SECONDS = ANALYSIS_LEASE_SECONDS / 4
# After this long without a result, a case goes to the dermatologist without one.
ANALYSIS_DEADLINE_SECONDS = env.float("ANALYSIS_DEADLINE_SECONDS", default=300.0)
ANALYSIS_SOFT_TIME_LIMIT = env.float("ANALYSIS_SOFT_TIME_LIMIT", default=60.0)
ANALYSIS_TIME_LIMIT = ANALYSIS_SOFT_TIME_LIMIT + 30
# LIME and SHAP ask the network some hundred times, beside whatever else runs on the machine.
EXPLANATION_SOFT_TIME_LIMIT = env.float("EXPLANATION_SOFT_TIME_LIMIT", default=180.0)
EXPLANATION_TIME_LIMIT = EXPLANATION_SOFT_TIME_LIMIT + 30
EXPLANATION_LEASE_SECONDS = env.float("EXPLANATION_LEASE_SECONDS", default=60.0)
EXPLANATION_QUEUE = "explanations"
SWEEP_SECONDS = env.float("SWEEP_SECONDS", default=2.0)
# A message that has brought no claim for so long is taken for lost when nothing ran in that time …
REPUBLISH_IDLE_SECONDS = env.float("REPUBLISH_IDLE_SECONDS", default=30.0)
# … and for so long, even while other work runs.
REPUBLISH_BUSY_SECONDS = env.float("REPUBLISH_BUSY_SECONDS", default=300.0)

# ── The dermatologist's claim ─────────────────────────────────────────────────────────────────────
CLAIM_IDLE_SECONDS = env.float("CLAIM_IDLE_SECONDS", default=15 * 60.0)

# ── Veiled images ─────────────────────────────────────────────────────────────────────────────────
# Who asked for one sees it for so long, or until they open something else than its case.
REVEAL_SECONDS = env.float("REVEAL_SECONDS", default=15 * 60.0)

# ── Celery ────────────────────────────────────────────────────────────────────────────────────────
FILE_BROKER = "filesystem://"
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="") or f"{FILE_BROKER}localhost/"
# A worker without --queues serves both; `make run` and docker compose give each its own, so that no analysis waits for
# an explanation.
CELERY_TASK_QUEUES = [
    Queue(name, Exchange(name, type="direct"), routing_key=name) for name in ("analyses", EXPLANATION_QUEUE)
]
CELERY_TASK_DEFAULT_QUEUE = CELERY_TASK_DEFAULT_EXCHANGE = CELERY_TASK_DEFAULT_ROUTING_KEY = "analyses"
CELERY_TASK_ROUTES = {"cases.explain": {"queue": EXPLANATION_QUEUE}}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = ANALYSIS_SOFT_TIME_LIMIT
CELERY_TASK_TIME_LIMIT = ANALYSIS_TIME_LIMIT
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=1)
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker outlives any outage of its broker
CELERY_BROKER_CONNECTION_TIMEOUT = 2.0


def _transport_options() -> dict[str, object]:
    """Each broker's own options; a publish that cannot be made gives up within two seconds."""
    if CELERY_BROKER_URL.startswith(FILE_BROKER):
        folder = DATA_DIR / "broker"  # beside the media, never inside
        messages, control = folder / "messages", folder / "control"
        for part in (messages, control):
            part.mkdir(parents=True, exist_ok=True, mode=0o700)
        both = {"data_folder_in": str(messages), "data_folder_out": str(messages)}
        return {**both, "control_folder": str(control), "polling_interval": 0.2}
    if CELERY_BROKER_URL.startswith("memory"):
        return {"polling_interval": 0.1}
    return {
        "visibility_timeout": int(max(EXPLANATION_TIME_LIMIT, ANALYSIS_TIME_LIMIT)) + 60,
        "socket_timeout": 2.0,
        "socket_connect_timeout": 1.0,
        "max_retries": 0,
    }


CELERY_BROKER_TRANSPORT_OPTIONS = _transport_options()
