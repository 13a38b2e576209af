// SPDX-License-Identifier: Apache-2.0

import Interchange
import Testing

@Suite struct DataSpecificationTests {
    typealias Selection = DataSpecification.Selection

    @Test(arguments: [
        ("digits", DataSpecification(source: .digits)),
        ("fashion-mnist/train", .init(source: .fashionMNIST, selection: .init(part: .train))),
        ("mnist:data/mnist", .init(source: .mnist(directory: "data/mnist"))),
        (
            "mnist:/a/b/test[0:1000]",
            .init(
                source: .mnist(directory: "/a/b"),
                selection: Selection(part: .test, lowerBound: 0, upperBound: 1000))
        ),
        ("mnist:/data/test/", .init(source: .mnist(directory: "/data/test/"))),
        (
            "mnist:/data/test/train",
            .init(source: .mnist(directory: "/data/test"), selection: .init(part: .train))
        ),
        ("mnist:/test", .init(source: .mnist(directory: "/test"))),
        ("mnist:a/contest", .init(source: .mnist(directory: "a/contest"))),
        (
            "cifar10:./c/train[100:200]",
            .init(
                source: .cifar10(directory: "./c"),
                selection: Selection(part: .train, lowerBound: 100, upperBound: 200))
        ),
        (
            "digits/test[:5]",
            .init(source: .digits, selection: Selection(part: .test, upperBound: 5))
        ),
        (
            "digits/test[5:]",
            .init(source: .digits, selection: Selection(part: .test, lowerBound: 5))
        ),
        ("idx:a/b,c:d", .init(source: .idx(["a/b", "c:d"]))),
        (
            "npy:x.npy,y.npy/test[1:2]",
            .init(
                source: .npy(["x.npy", "y.npy"]),
                selection: Selection(part: .test, lowerBound: 1, upperBound: 2))
        ),
        ("npy:a,b,c,d", .init(source: .npy(["a", "b", "c", "d"]))),
        ("npy:a[1],b[0]", .init(source: .npy(["a[1]", "b[0]"]))),
        ("store:a#b/c.retort#set", .init(source: .store(file: "a#b/c.retort", name: "set"))),
        (
            "store:c.retort#set/test",
            .init(
                source: .store(file: "c.retort", name: "set"), selection: Selection(part: .test))
        ),
    ])
    func everyFormIsReadAndWrittenBack(text: String, expected: DataSpecification) throws {
        let parsed = try DataSpecification.parse(text)
        #expect(parsed == expected)
        #expect(parsed.description == text)
    }

    @Test(arguments: [
        "", "digit", "digits:x", "fashion-mnist:/a", "mnist", "mnist:", "cifar10:", "idx:a",
        "idx:a,", "idx:a,b,c", "npy:", "npy", "store:a", "store:#b", "store:a#", "store",
        "digits/test[5:5]", "digits/test[6:5]", "digits/test[1]", "digits/test[a:b]",
        "digits/test[-1:5]", "digits/test[:0]", "digits/test[]", "digits/validation",
        "digits/test[0:99999999999999999999]", "digits[0:5]", "/test",
    ])
    func anythingElseIsRefusedNamingTheText(text: String) {
        let error = #expect(throws: InterchangeError.self) { try DataSpecification.parse(text) }
        #expect(error?.kind == .specification)
        #expect(error?.description.hasPrefix("data specification '\(text)': ") == true)
    }
}
