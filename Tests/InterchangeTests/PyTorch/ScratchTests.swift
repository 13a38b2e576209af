import Foundation
import Tensors
import TestSupport
import Testing

@testable import Interchange

@Suite(.serialized) struct ScratchTests {
    func status(_ key: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix(key) {
            return Int(line.filter(\.isNumber)) ?? 0
        }
        return 0
    }
    @Test func measure() throws {
        let folder = ProcessInfo.processInfo.environment["HOSTILE"] ?? fixture("pytorch/hostile")
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        where name.hasSuffix(".pt") || name.hasSuffix(".pkl") {
            try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
            let before = status("VmRSS")
            let clock = ContinuousClock()
            var text = "inert"
            let time = clock.measure {
                do {
                    let file = try WeightFile.open(folder + "/" + name)
                    text = "\(file.entries.count) entries, \(file.metadata.count) metadata, \(file.remarks.count) remarks"
                    for entry in file.entries.prefix(4) where entry.elementType != nil { _ = try entry.tensor() }
                } catch { text = "\(error)".split(separator: "/").last.map(String.init) ?? "" }
            }
            let peak = status("VmHWM")
            print("MEASURE", name, time, "\((peak - before) / 1024) MB", text.prefix(150))
        }
    }
    @Test func write() throws {
        guard let out = ProcessInfo.processInfo.environment["WRITTEN"] else { return }
        for name in PyTorchFileTests.names {
            let file = try WeightFile.open(fixture("pytorch/\(name).pt"))
            try WeightFile.write(WeightContent(entries: file.entries, metadata: file.metadata), as: .pytorch, to: out + "/\(name).pt")
        }
    }
}
