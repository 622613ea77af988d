"""What a search hears of a run while it goes on, and how it ends one that falls behind."""

from __future__ import annotations

import lightning as L
import optuna

# The figures of the validation side, and whether more of it is better.
FIGURES = {"val_loss": False, "val_accuracy": True, "val_balanced_accuracy": True, "val_macro_auc": True}
_RULES = {"val_accuracy": "arg-max p", "val_balanced_accuracy": "p/prior"}


def named(figure: str) -> str:
    """As it is printed: with the rule that decided it, where one did."""
    return f"{figure} ({_RULES[figure]})" if figure in _RULES else figure


class Reported(L.Callback):
    """Reports ``figure`` to the trial after each validation, and ends the run when the trial is to be pruned."""

    def __init__(self, trial: optuna.Trial, figure: str) -> None:
        self.trial, self.figure = trial, figure
        self._values: list[float] = []

    @property
    def last(self) -> float:
        """The figure of the last validation. Raises ``ValueError`` where there was none."""
        if not self._values:
            raise ValueError(f"No validation gave {self.figure}; lower --validate-every, or search for val_loss.")
        return self._values[-1]

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        value = trainer.callback_metrics.get(self.figure)
        if value is None or trainer.sanity_checking:
            return
        self._values.append(float(value))
        self.trial.report(self._values[-1], trainer.current_epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned(f"{self.figure} {self._values[-1]:.4f} at epoch {trainer.current_epoch}")
