"""Write an MLServer model folder with a scikit-learn model: `write_sklearn.py FOLDER`."""

import json
import sys
from pathlib import Path

import joblib
from sklearn.linear_model import LinearRegression


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True)
    joblib.dump(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), folder / "model.joblib")
    settings = {
        "name": "line",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": "./model.joblib", "version": "v1"},
    }
    (folder / "model-settings.json").write_text(json.dumps(settings))


if __name__ == "__main__":
    main()
