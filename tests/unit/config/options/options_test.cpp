// SPDX-License-Identifier: Apache-2.0
// options.hpp as a collector's author uses it: a collector type with one option of each kind.
#include "config/options/options.hpp"

#include <gtest/gtest.h>

#include "unit/config/fixture.hpp"

namespace keyshift::config {
namespace {

using namespace std::chrono_literals;

enum class Colour { red, green };

struct Everything {
    std::string text;
    std::int64_t number = 0;
    Colour colour = Colour::red;
    std::vector<std::string> names;
    std::filesystem::path path;
    std::optional<base::Time> time;
    std::vector<std::string> rules;
    bool operator==(const Everything&) const = default;
};

std::shared_ptr<const CollectorOptions> read_everything(OptionsReader& options, const Gateway&) {
    Everything all;
    all.text = options.text("text", "default");
    all.number = options.integer("number", 7, {.min = -5, .max = 10});
    all.colour =
        options.choice<Colour>("colour", {{"red", Colour::red}, {"green", Colour::green}}, Colour::green);
    all.names = options.list_of_text("names", {"a", "b"});
    all.path = options.path("path", "/default");
    all.time = options.time("time");
    for (OptionsReader& rule : options.sections("rules")) all.rules.push_back(rule.text("name", "unnamed"));
    OptionsReader limits = options.section("limits");
    const auto low = limits.integer("low", 1, {.min = 0, .max = 9});
    const auto high = limits.integer("high", 2, {.min = 0, .max = 9});
    if (low > high) limits.problem("low", "is above high", "swap them");
    return held(std::move(all));
}

Loaded read(const std::string& options) {
    const CollectorTypes types{{"all", {}, {30s, 10s}, read_everything}};
    return parse("collectors:\n  - type: all\n" + options, "k.yaml", variables({{"N", "99"}}), types);
}

Everything values(const Loaded& loaded) {
    return options_of<Everything>(loaded.config.collectors.at(0));
}

TEST(Options, DefaultsWhereNothingIsGiven) {
    const Loaded loaded = read("");
    EXPECT_EQ(messages(loaded.problems), "");
    EXPECT_EQ(values(loaded),
              (Everything{"default", 7, Colour::green, {"a", "b"}, "/default", std::nullopt, {}}));
}

TEST(Options, ValuesWhereTheyAre) {
    const Loaded loaded = read(
        "    text: '5'\n    number: -5\n    colour: red\n    names: one\n    path: p\n"
        "    time: 1970-01-01T00:00:01Z\n    rules: [{name: x}, {}]\n    limits: {low: 2}\n");
    EXPECT_EQ(messages(loaded.problems), "");
    EXPECT_EQ(values(loaded),
              (Everything{"5", -5, Colour::red, {"one"}, "p", base::Time(1s), {"x", "unnamed"}}));
}

TEST(Options, WrongValuesGiveTheDefaultAndAProblemEach) {
    const Loaded loaded = read(
        "    text: {}\n    number: 11\n    colour: blue\n    names: [x, '']\n    time: noon\n"
        "    rules: [x, {nam: y}]\n    limits: {low: 9, high: many}\n");
    EXPECT_EQ(messages(loaded.problems),
              "k.yaml:3:11: collectors[all].text: is a mapping, make it a single value\n"
              "k.yaml:4:13: collectors[all].number: '11' is out of range, give -5 to 10\n"
              "k.yaml:5:13: collectors[all].colour: 'blue' is not one of red, green\n"
              "k.yaml:6:16: collectors[all].names[1]: is empty, give it a value, or remove the key\n"
              "k.yaml:7:11: collectors[all].time: 'noon' is not a time, write it with its offset, such as "
              "2026-01-10T00:00:00Z\n"
              "k.yaml:8:13: collectors[all].rules[0]: is a single value, make it a mapping\n"
              "k.yaml:8:17: collectors[all].rules[1].nam: is not a known key, did you mean 'name'?\n"
              "k.yaml:9:19: collectors[all].limits.low: is above high, swap them\n"
              "k.yaml:9:28: collectors[all].limits.high: 'many' is not a whole number, write digits only\n");
    const Everything all = values(loaded);
    EXPECT_EQ(all.text, "default");
    EXPECT_EQ(all.number, 7);
    EXPECT_EQ(all.rules, std::vector<std::string>{"unnamed"});
}

TEST(Options, ExpandedValuesAreNotShown) {
    const std::string text = messages(read("    number: \"${N}\"\n    colour: \"${N}\"\n").problems);
    EXPECT_EQ(text.find("99"), std::string::npos) << text;
    EXPECT_NE(text.find("'${N}' is out of range"), std::string::npos) << text;
}

TEST(Options, AnUnusableTypeHidesNothingElse) {
    EXPECT_EQ(messages(read("    interval: 5\n  - {type: al, whatever: 1}\n").problems),
              "k.yaml:3:15: collectors[all].interval: '5' has no unit, write one: 5d, 5h or 5m\n"
              "k.yaml:4:12: collectors[1].type: 'al' is not one of all, did you mean 'all'?\n");
}

TEST(Options, EveryKeyAskedForIsKnownWithItsDefault) {
    const Loaded loaded = read("    rules: [{}, {}]\n");
    const auto has = [&](const char* path, const char* fallback) {
        return std::count(loaded.known.begin(), loaded.known.end(), KnownKey{path, fallback}) == 1;
    };
    EXPECT_TRUE(has("collectors[].type", "null"));
    EXPECT_TRUE(has("collectors[all].interval", "30s"));
    EXPECT_TRUE(has("collectors[all].number", "7"));
    EXPECT_TRUE(has("collectors[all].colour", "green"));
    EXPECT_TRUE(has("collectors[all].names", "a, b"));
    EXPECT_TRUE(has("collectors[all].time", "null"));
    EXPECT_TRUE(has("collectors[all].rules[].name", "unnamed"));
    EXPECT_TRUE(has("collectors[all].limits.low", "1"));
}

}  // namespace
}  // namespace keyshift::config
