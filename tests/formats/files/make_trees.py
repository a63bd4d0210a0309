"""Write the files of `sklearn/`, `trees/` and `numpy/` with the real libraries: `make_trees.py FOLDER`.

scikit-learn 1.9, joblib 1.6, dill 0.4, cloudpickle 3.1, skops 0.16, xgboost 3.2, lightgbm 4.7, catboost 1.2, numpy 2.4,
lz4 4.4.
"""

import gzip
import pickle
import sys
from pathlib import Path

import catboost
import cloudpickle
import dill
import joblib
import lightgbm
import numpy as np
import skops.io
import xgboost
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main() -> None:
    folder = Path(sys.argv[1])
    random = np.random.default_rng(0)
    values = random.normal(size=(30, 3))
    labels = (values[:, 0] > 0).astype(int)
    words = np.where(labels, "yes", "no").astype(object)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(values, words)

    for protocol in range(6):
        (folder / f"sklearn/protocol{protocol}.pkl").write_bytes(pickle.dumps(model, protocol))
    joblib.dump(model, folder / "sklearn/plain.joblib")
    for kind in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4"):
        joblib.dump(model, folder / f"sklearn/{kind}.joblib", compress=(kind, 3))
    with gzip.GzipFile(folder / "sklearn/pickle.pkl.gz", "wb", mtime=0) as file:
        pickle.dump(model, file)
    (folder / "sklearn/function.dill").write_bytes(dill.dumps(lambda x: x + 1))
    (folder / "sklearn/function.cloudpickle").write_bytes(cloudpickle.dumps(lambda x: x + 1))
    skops.io.dump(LogisticRegression().fit(values, labels), folder / "sklearn/model.skops")

    names = ["width", "height", "depth"]
    data = xgboost.DMatrix(values, label=labels, feature_names=names)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 2}, data, 3)
    booster.save_model(folder / "trees/xgboost.json")
    booster.save_model(folder / "trees/xgboost.ubj")
    light = {"objective": "binary", "min_data_in_leaf": 2, "verbose": -1}
    lightgbm.train(light, lightgbm.Dataset(values, label=labels), 2).save_model(folder / "trees/lightgbm.txt")
    cat = catboost.CatBoostClassifier(iterations=2, depth=2, verbose=0, allow_writing_files=False)
    cat.fit(values, labels).save_model(folder / "trees/catboost.cbm")

    np.save(folder / "numpy/plain.npy", np.zeros((3, 4), dtype="<f4"))
    np.save(folder / "numpy/objects.npy", np.array([{1: 2}], dtype=object))
    np.save(folder / "numpy/structured.npy", np.zeros(2, dtype=[("a", "<i4"), ("b", "O")]))
    np.savez(folder / "numpy/plain.npz", x=np.zeros((3, 4)), y=np.zeros(2, dtype="<i8"))
    np.savez_compressed(folder / "numpy/objects.npz", x=np.zeros(3), o=np.array([{}], dtype=object))


if __name__ == "__main__":
    main()
