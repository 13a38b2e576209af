// SPDX-License-Identifier: Apache-2.0

import HDF5

extension HDF5Tree {
    /// Whose file an HDF5 file is.
    enum Kind {
        case store, kerasWeights, kerasLegacy, plain
    }

    /// The kind that the tree shows; names of files do not count.
    static func kind(of file: HDF5File) -> Kind {
        let root = file.root
        if let format = root.attribute("format"), (try? format.string()) == "retort-store" {
            return .store
        }
        if root.hasList("layer_names")
            || root["model_weights"]?.group?.hasList("layer_names") == true
        {
            return .kerasLegacy
        }
        return holdsKerasWeights(root) ? .kerasWeights : .plain
    }

    /// Whether a tree is one of Keras 3: groups called `vars` whose datasets are numbers from 0
    /// (`keras/src/saving/saving_lib.py`, `H5IOStore`).
    private static func holdsKerasWeights(_ root: HDF5Group) -> Bool {
        if root["layers"]?.group != nil || root["_layer_checkpoint_dependencies"]?.group != nil {
            var budget = 4_096
            return holdsVariables(root, depth: 8, budget: &budget)
        }
        // A subclassed model has its attributes' names in place of `layers`; its own group says
        // so by the name of the model.
        if let own = root["vars"]?.group {
            return own.attribute("name") != nil || isVariables(own)
        }
        return false
    }

    /// - Parameter budget: groups that may still be looked at; hard links make many ways to few.
    private static func holdsVariables(
        _ group: HDF5Group, depth: Int, budget: inout Int
    ) -> Bool {
        budget -= 1
        guard depth > 0, budget > 0 else { return false }
        if let own = group["vars"]?.group, own.count == 0 || isVariables(own) { return true }
        // One layer is enough to tell; a long list of other groups need not be searched.
        for name in group.names.prefix(64) {
            if let child = group[name]?.group,
                holdsVariables(child, depth: depth - 1, budget: &budget)
            {
                return true
            }
        }
        return false
    }

    private static func isVariables(_ group: HDF5Group) -> Bool {
        group.count > 0 && group["0"]?.dataset != nil
    }
}

extension HDF5Group {
    /// Whether there is an attribute of that name, or the first part of a list that was split
    /// because it was too long for one.
    func hasList(_ name: String) -> Bool {
        attribute(name) != nil || attribute(name + "0") != nil
    }
}
