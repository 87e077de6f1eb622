// SPDX-License-Identifier: Apache-2.0
#include "page/documents.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "page/assets.hpp"
#include "unit/page/page_fixture.hpp"

namespace keyshift::page {
namespace {

using namespace std::chrono_literals;

std::string overview_of(const api::Status& status) {
    return overview({status, {}}, empty_overview());
}

struct VerdictCase {
    const char* verdict;
    const char* word;
    const char* icon;
    const char* sentence;
};

TEST(Documents, EachVerdictInTitleIconBannerAndSentence) {
    for (const VerdictCase& c : std::to_array<VerdictCase>(
             {{"SAFE", "SAFE", "safe", "The fallback may be removed: nobody needs it any more."},
              {"NOT_YET", "NOT YET", "not_yet", "The fallback may not be removed yet."},
              {"UNSAFE", "UNSAFE", "unsafe",
               "The fallback must not be removed: something has to be done first."},
              {"UNKNOWN", "UNKNOWN", "unknown", "It cannot be said whether the fallback may be removed."},
              {"of a later release", "UNKNOWN", "unknown", "It cannot be said"}})) {
        api::Status status = good_status();
        status.answer.verdict = c.verdict;
        const std::string document = overview_of(status);
        EXPECT_TRUE(holds(document, std::string("<title>") + c.word + " · keyshift</title>")) << c.verdict;
        EXPECT_TRUE(holds(document, std::string("icon-") + c.icon + ".svg")) << c.verdict;
        EXPECT_TRUE(holds(document, std::string("class=\"banner tone-") + c.icon)) << c.verdict;
        EXPECT_TRUE(holds(document, c.sentence)) << c.verdict;
    }
}

TEST(Documents, WhyIsTheFirstCheckThatDecidesAndALockOutBeforeAllOthers) {
    api::Status status = good_status();
    status.answer.verdict = "UNSAFE";
    status.answer.checks[4] = {"no_live_use", "UNSAFE", "3 keys are in use", {}};
    EXPECT_TRUE(holds(overview_of(status), "<dt>Why</dt><dd>3 keys are in use.</dd>"));
    status.answer.checks[8] = {"none_retired_in_use", "UNSAFE", "2 keys went", {}};
    EXPECT_TRUE(holds(overview_of(status), "<dt>Why</dt><dd>2 keys went.</dd>"));
    status.answer.verdict = "UNKNOWN";
    status.answer.checks[1] = {"gateway_in_use", "UNKNOWN", "nobody calls", {}};
    status.answer.checks[2] = {"sources_fresh", "UNKNOWN", "the last poll failed", {}};
    EXPECT_TRUE(holds(overview_of(status), "<dt>Why</dt><dd>The last poll failed.</dd>"));
    status.answer.reason = "the configuration differs";
    EXPECT_TRUE(holds(overview_of(status), "<dt>Why</dt><dd>The configuration differs.</dd>"));
}

TEST(Documents, WhatComesNextIsTheMostUrgent) {
    api::Status status = good_status();
    status.phases = {{"pending", 3}, {"overlap", 1}, {"stranded", 2}};
    EXPECT_TRUE(holds(overview_of(status), "Give the owners of <a href=\"#failing\">2 keys</a> new keys"));
    status.phases.erase("stranded");
    EXPECT_TRUE(holds(overview_of(status), "Finish the switch of <a href=\"keys?phase=overlap\">1 key</a>"));
    status.answer.verdict = "SAFE";
    EXPECT_TRUE(holds(overview_of(status), "Remove the fallback from the gateway."));
    status.answer.headline = "nothing to remove: the gateway accepts no legacy key";
    EXPECT_TRUE(holds(overview_of(status), "<dt>Next</dt><dd>Nothing.</dd>"));
}

TEST(Documents, ASourceThatIsDownMakesTheAnswerGreyButNoAlarmQuiet) {
    api::Status status = good_status();
    status.sources[0].up = false;
    status.sources[0].failure = "connection refused: start it";
    status.read_at = kNow - 40min;
    std::string document = overview_of(status);
    EXPECT_TRUE(holds(document, "class=\"banner tone-unknown\""));
    EXPECT_TRUE(holds(document, "icon-unknown.svg"));
    EXPECT_TRUE(holds(document, "Old numbers. </strong>The key table cannot be read."));
    EXPECT_TRUE(holds(document, "(40 min ago)"));
    EXPECT_TRUE(holds(document, "Repair the source <bdi>keys</bdi>: connection refused: start it."));
    EXPECT_TRUE(holds(document, ">12</a> of 50")) << "the last numbers stay";
    EXPECT_FALSE(holds(document, "No known key is locked out")) << "nobody knows that now";
    EXPECT_TRUE(holds(document, "What has happened since is not known"));
    status.answer.verdict = "UNSAFE";
    document = overview_of(status);
    EXPECT_TRUE(holds(document, "class=\"banner tone-unsafe\""));
    EXPECT_TRUE(holds(document, "icon-unsafe.svg"));
    status.sources[0].up = true;
    EXPECT_FALSE(holds(overview_of(status), "id=\"stale\""));
}

TEST(Documents, BeforeAnythingWasRead) {
    api::Status status;
    status.at = kNow;
    const std::string document = overview_of(status);
    for (const char* const text :
         {"The key table has not been read yet", "Nothing is watched.", "not known yet",
          "There is no history yet", "Not counted here yet", "No log is watched"})
        EXPECT_TRUE(holds(document, text)) << text;
}

TEST(Documents, WithoutTheStateTheVerdictStands) {
    const base::Error locked{base::Errc::other, "the state is <locked>", "wait"};
    const std::string document = overview({good_status(), {}}, without_state(locked, {}));
    EXPECT_TRUE(holds(document, "NOT YET"));
    EXPECT_TRUE(holds(document, "data-unread"));
    EXPECT_TRUE(holds(document, "the state is &lt;locked&gt;"));
    const std::string of_keys = keys({good_status(), {}}, {}, locked);
    EXPECT_TRUE(holds(of_keys, "data-unread")) << "the search stays";
    EXPECT_TRUE(holds(of_keys, "id=\"search\""));
}

TEST(Documents, WhileKeysAreBeingReadNothingIsSaidOfThem) {
    Overview read = without_state(being_read(), {});
    const std::string document = overview({good_status(), {}}, read);
    EXPECT_TRUE(holds(document, "One moment."));
    EXPECT_TRUE(holds(document, "data-soon"));
    EXPECT_FALSE(holds(document, "No known key is locked out"));
    const std::string of_keys = keys({good_status(), {}}, {}, being_read());
    EXPECT_TRUE(holds(of_keys, "data-soon"));
    EXPECT_FALSE(holds(of_keys, "No key fits"));
}

TEST(Documents, AnOwnersNextStepIsThatOfTheMostUrgentKey) {
    api::OwnerPage page;
    page.total = 1;
    page.items = {{"o", 2, 1, {{"dormant", 1}, {"overlap", 1}, {"retired_in_use", 1}}, {}}};
    EXPECT_TRUE(
        holds(owners({good_status(), {}}, {}, page), "<td>Ask its owner. Give the clients a new key"));
    page.items[0].phases = {{"retired", 3}};
    EXPECT_TRUE(holds(owners({good_status(), {}}, {}, page), "<td>Nothing.</td>"));
}

TEST(Documents, OwnersAreShownByTheirAddressWhereItIsKnown) {
    api::KeyPage page;
    page.items.resize(2);
    page.items[0].owner = "7b0c";
    page.items[1].owner = "9d1e";
    page.total = 2;
    Overview shown = empty_overview();
    shown.failing = page;
    shown.addresses = {{"7b0c", "alice&co@example.com"}};
    const std::string document = overview({good_status(), {}}, shown);
    EXPECT_TRUE(holds(document, "<a href=\"mailto:alice%26co@example.com\">"));
    EXPECT_FALSE(holds(document, "7b0c"));
    EXPECT_TRUE(holds(document, "9d1e"));
    api::KeyDetails details;
    details.at = kNow;
    const std::string with_letter = key({good_status(), {}}, details, {"a@b", "Subject: x\n\nHello <b>"});
    EXPECT_TRUE(holds(with_letter, "mailto:a@b"));
    EXPECT_TRUE(holds(with_letter, "Subject: x\n\nHello &lt;b&gt;\n</pre>"));
    EXPECT_FALSE(holds(key({good_status(), {}}, details, {}), "letter-part"));
}

TEST(Documents, NamesAreNeverMarkup) {
    const std::string name = "<script>alert(1)</script>\xe2\x80\xae";
    api::KeyDetails details;
    details.id = "\"><i>";
    details.name = name;
    details.owner = name;
    details.prefix = name;
    details.at = kNow;
    details.phase = "pending";
    details.history = {{kNow, "x", name}};
    api::KeyPage page;
    page.items = {details};
    page.total = 1;
    Overview shown = empty_overview();
    shown.failing = page;
    shown.addresses = {{name, name}};
    for (const std::string& document :
         {key({good_status(), {name, true}}, details, {name, name}),
          keys({good_status(), {}}, {name, name, true, name, name, name}, page),
          overview({good_status(), {name, true}}, shown), which_key({good_status(), {}}, name, {details}),
          which_key({good_status(), {}}, name, {})}) {
        EXPECT_FALSE(holds(document, "<script>alert"));
        EXPECT_FALSE(holds(document, "\"><i>"));
        EXPECT_FALSE(holds(document, "\xe2\x80\xae"));
        EXPECT_TRUE(holds(document, "&lt;script&gt;"));
    }
}

TEST(Documents, NothingStandsInlineThatThePolicyForbids) {
    const std::string document = overview({good_status(), {"me", true}}, empty_overview());
    EXPECT_FALSE(holds(document, " style=\""));
    EXPECT_FALSE(holds(document, "<style"));
    EXPECT_FALSE(holds(document, " onclick"));
    EXPECT_FALSE(holds(document, "http://"));
    EXPECT_FALSE(holds(document, "https://"));
    EXPECT_FALSE(holds(document, "href=\"/"));
    EXPECT_FALSE(holds(document, "src=\"/"));
}

TEST(Documents, DecisionsAreOfferedOnlyToWhoeverMayDecide) {
    api::KeyDetails details;
    details.id = "k1";
    details.phase = "dormant";
    details.at = kNow;
    EXPECT_FALSE(holds(key({good_status(), {"me", false}}, details, {}), "data-action"));
    EXPECT_FALSE(holds(overview({good_status(), {"me", false}}, empty_overview()), "data-action"));
    const std::string offered = key({good_status(), {"me", true}}, details, {});
    EXPECT_TRUE(holds(offered, "data-action=\"../api/v1/acks\" data-method=\"POST\""));
    EXPECT_TRUE(holds(offered, "name=\"key\" value=\"k1\""));
    EXPECT_TRUE(holds(offered, "data-action=\"../api/v1/pairs\" data-method=\"POST\""));
    EXPECT_TRUE(
        holds(overview({good_status(), {"me", true}}, empty_overview()), "data-action=\"api/v1/marks\""));
    details.acknowledged = true;
    details.replacement = api::KeyReplacement{"m1", "pair", kNow, {}};
    const std::string taken = key({good_status(), {"me", true}}, details, {});
    EXPECT_TRUE(holds(taken, "data-action=\"../api/v1/acks/k1\" data-method=\"DELETE\""));
    EXPECT_TRUE(holds(taken, "data-action=\"../api/v1/pairs/k1\" data-method=\"DELETE\""));
}

TEST(Documents, ARefusalSaysWhyAndWhatToDo) {
    EXPECT_TRUE(holds(refusal(403, "web.inventory is <loopback>"), "web.inventory is &lt;loopback&gt;"));
    EXPECT_TRUE(holds(refusal(403, ""), "ssh -L"));
    EXPECT_TRUE(holds(refusal(401, ""), "Log in"));
}

TEST(Assets, AreTheFilesAsTheyAreUnderAFolderWithAHash) {
    ASSERT_NE(find_asset("page.css"), nullptr);
    EXPECT_EQ(find_asset("page.css")->content_type, "text/css; charset=utf-8");
    EXPECT_EQ(find_asset("page.js")->content_type, "text/javascript; charset=utf-8");
    EXPECT_EQ(find_asset("icon-safe.svg")->content_type, "image/svg+xml");
    EXPECT_TRUE(find_asset("page.js")->bytes.starts_with("// SPDX"));
    EXPECT_TRUE(find_asset("page.js")->gzipped.starts_with("\x1f\x8b"));
    EXPECT_LT(find_asset("page.css")->gzipped.size(), find_asset("page.css")->bytes.size());
    EXPECT_EQ(find_asset("../page.css"), nullptr);
    EXPECT_EQ(find_asset(""), nullptr);
    EXPECT_EQ(asset_folder().size(), std::string("assets/0123456789abcdef/").size());
}

}  // namespace
}  // namespace keyshift::page
