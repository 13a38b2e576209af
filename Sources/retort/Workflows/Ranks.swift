// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The processes that share one command's work, and which of them this one is.
///
/// Work is dealt out by number, so that every process knows its part without asking. What the
/// others make they leave in stores of their own beside the target; the first one joins them.
struct Ranks {
    let rank: Int
    let count: Int
    private let library: MPILibrary?

    /// A command that runs alone.
    static var alone: Ranks { Ranks(rank: 0, count: 1, library: nil) }

    private init(rank: Int, count: Int, library: MPILibrary?) {
        self.rank = rank
        self.count = count
        self.library = library
    }

    /// Finds out whether the process was started as one of several, and gives it its share of the
    /// processors. Called first by commands that can be split; may start the program anew, once.
    ///
    /// `mpirun` says so through Open MPI's variables; its library is loaded then and only then.
    /// `RETORT_RANK=1/4` says so without it: there is nobody to wait for then, so the first process
    /// (`0/4`) has to be started when the others have ended.
    ///
    /// - Throws: ``Failure`` when Open MPI is not there although `mpirun` started the program, or the
    ///   variable is malformed.
    static func join() throws -> Ranks {
        if let count = number("OMPI_COMM_WORLD_SIZE"), let rank = number("OMPI_COMM_WORLD_RANK") {
            RankPlacement(
                rank: number("OMPI_COMM_WORLD_LOCAL_RANK") ?? rank,
                count: number("OMPI_COMM_WORLD_LOCAL_SIZE") ?? count
            ).apply()
            Console.isSilenced = rank > 0
            return Ranks(rank: rank, count: count, library: try MPILibrary.start())
        }
        guard let text = getenv("RETORT_RANK").map({ String(cString: $0) }) else { return alone }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let rank = parts[0], let count = parts[1], count >= 1,
            (0..<count).contains(rank)
        else {
            throw Failure("RETORT_RANK is '\(text)', expected RANK/COUNT such as 0/2")
        }
        return Ranks(rank: rank, count: count, library: nil)
    }

    private static func number(_ name: String) -> Int? {
        getenv(name).flatMap { Int(String(cString: $0)) }
    }

    /// Whether this is the process that joins the parts and prints.
    var isFirst: Bool { rank == 0 }

    /// Whether work number `index` is this process's.
    func owns(_ index: Int) -> Bool { index % count == rank }

    /// Where this process writes what is to end up in `file`: the first one into the file itself.
    func part(of file: String) -> String { isFirst ? file : "\(file).rank\(rank)" }

    /// Waits for all processes; at once without MPI.
    ///
    /// - Throws: ``Failure`` when the user wants to stop.
    func wait() throws { try library?.wait() }

    /// Says that this process has done its part. A process that ends without makes `mpirun` end
    /// the others.
    func leave() { library?.finish() }
}

/// The parts of a file that ranks have left beside it.
enum RankParts {
    /// The files `FILE.rankN` that exist, by N.
    static func of(_ file: String) -> [String] {
        let slash = file.lastIndex(of: "/")
        let folder = slash.map { String(file[...$0]) } ?? ""
        let name = slash.map { String(file[file.index(after: $0)...]) } ?? file
        var found: [Int] = []
        guard let directory = opendir(folder.isEmpty ? "." : folder) else { return [] }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let text = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let mark = name + ".rank"
            guard text.hasPrefix(mark), let rank = Int(text.dropFirst(mark.count)), rank > 0,
                text == mark + String(rank)
            else { continue }
            found.append(rank)
        }
        return found.sorted().map { "\(file).rank\($0)" }
    }
}
