"""Files that other libraries write, each with its own."""

import importlib
import pathlib
import subprocess
import sys

import numpy as np

PACKAGES = {"tables": "tables", "pandas": "pandas", "netCDF4": "netCDF4", "h5netcdf": "h5netcdf",
            "hdf5storage": "hdf5storage", "anndata": "anndata"}


def available(name: str) -> bool:
    try:
        importlib.import_module(name)
        return True
    except Exception:
        pass
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGES[name]],
                   check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        importlib.invalidate_caches()
        importlib.import_module(name)
        return True
    except Exception as error:
        print(f"{name} is not available: {error}")
        return False


def keras_files(folder: pathlib.Path):
    import keras
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, name="conv"),
                              keras.layers.BatchNormalization(), keras.layers.Flatten(), keras.layers.Dense(3)])
    for name in ("model.weights.h5",):
        model.save_weights(folder / name)
        yield folder / name
    model.compile("adam", "mse")
    model.fit(np.zeros((4, 8, 8, 1)), np.zeros((4, 3)), verbose=0)
    model.save(folder / "legacy.h5")
    yield folder / "legacy.h5"


def tables_files(folder: pathlib.Path):
    import tables

    class Row(tables.IsDescription):
        name = tables.StringCol(8)
        count = tables.Int64Col()
        point = tables.Float32Col(shape=(2, 3))

    with tables.open_file(folder / "pytables.h5", "w") as file:
        table = file.create_table("/", "table", Row, filters=tables.Filters(5, "zlib", shuffle=True))
        for index in range(20):
            table.row["name"], table.row["count"], table.row["point"] = f"row {index}", index, np.full((2, 3), index)
            table.row.append()
        file.create_array("/", "array", np.arange(12).reshape(3, 4))
        file.create_carray("/", "blosc", obj=np.arange(1000), filters=tables.Filters(5, "blosc"))
        growing = file.create_earray("/", "growing", tables.Float64Atom(), (0, 2))
        growing.append(np.ones((5, 2)))
        ragged = file.create_vlarray("/", "ragged", tables.Int32Atom())
        ragged.append([1, 2, 3])
        ragged.append([4])
    yield folder / "pytables.h5"


def pandas_files(folder: pathlib.Path):
    import pandas
    frame = pandas.DataFrame({"a": [1.5, 2.5], "b": [1, 2], "c": ["x", "yy"]})
    for form in ("fixed", "table"):
        path = folder / f"pandas-{form}.h5"
        frame.to_hdf(path, key="frame", format=form, mode="w")
        yield path


def netcdf_files(folder: pathlib.Path):
    import netCDF4
    path = folder / "netcdf4.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", None)
        file.createDimension("x", 5)
        file.title = "a title"
        values = file.createVariable("values", "f4", ("time", "x"), zlib=True, fill_value=-1)
        values[0:3, :] = np.arange(15).reshape(3, 5)
        values.units = "K"
        file.createVariable("name", str, ("x",))[:] = np.array(["a", "bb", "c", "", "e"], object)
        file.createGroup("inner").createVariable("scalar", "i8")[...] = 7
    yield path


def h5netcdf_files(folder: pathlib.Path):
    import h5netcdf.legacyapi as netcdf
    path = folder / "h5netcdf.nc"
    with netcdf.Dataset(path, "w") as file:
        file.createDimension("x", 4)
        file.createVariable("values", "f8", ("x",))[:] = np.arange(4.0)
    yield path


def matlab_files(folder: pathlib.Path):
    import hdf5storage
    path = folder / "matlab-7.3.mat"
    hdf5storage.savemat(str(path), {"matrix": np.arange(6.0).reshape(2, 3), "text": "a word",
                                    "cell": np.array([1, "two"], dtype=object)}, format="7.3")
    yield path


def anndata_files(folder: pathlib.Path):
    import anndata
    anndata.settings.allow_write_nullable_strings = True
    path = folder / "cells.h5ad"
    anndata.AnnData(np.arange(12, dtype="f4").reshape(3, 4)).write_h5ad(path)
    yield path


def write_all(folder: pathlib.Path) -> list[pathlib.Path]:
    writers = [(None, keras_files), ("tables", tables_files), ("pandas", pandas_files), ("netCDF4", netcdf_files),
               ("h5netcdf", h5netcdf_files), ("hdf5storage", matlab_files), ("anndata", anndata_files)]
    paths = []
    for package, write in writers:
        if package is None or available(package):
            try:
                paths += list(write(folder))
            except Exception as error:
                print(f"{write.__name__}: the library failed: {error}")
    return paths
