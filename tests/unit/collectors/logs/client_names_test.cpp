// SPDX-License-Identifier: Apache-2.0
// Where the key of hashed addresses comes from.
#include "collectors/logs/client_names.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

using testing::HasSubstr;

config::SecretSource key(const std::string& text) {
    return config::SecretSource::value(base::Secret(text), "address_key");
}

std::string shown(const ClientOptions& options) {
    ClientNames names(options);
    return names.name("203.0.113.77").shown;
}

TEST(ClientNames, AreTheSameByTheSameKey) {
    EXPECT_EQ(shown({AddressForm::hashed, key("k1")}), shown({AddressForm::hashed, key("k1")}));
    EXPECT_NE(shown({AddressForm::hashed, key("k1")}), shown({AddressForm::hashed, key("k2")}));
    EXPECT_NE(shown({AddressForm::hashed}), shown({AddressForm::hashed}));
}

TEST(ClientNames, AKeyThatCannotBeReadAnyMoreIsSaidOnce) {
    const ClientOptions gone{AddressForm::hashed,
                             config::SecretSource::file("/nowhere/key", "the file /nowhere/key")};
    testing::internal::CaptureStderr();
    ClientNames names(gone);
    for (const char* const client : {"192.0.2.1", "192.0.2.2", "192.0.2.1"})
        EXPECT_EQ(names.name(client).shown.size(), 16U);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_THAT(said, HasSubstr("clients get other names than before"));
    EXPECT_THAT(said, HasSubstr("the file /nowhere/key"));
    EXPECT_EQ(said.find('\n'), said.size() - 1) << said;
}

TEST(ClientNames, OfOtherFormsNeedNoKey) {
    const config::SecretSource gone = config::SecretSource::file("/nowhere/key", "the file /nowhere/key");
    testing::internal::CaptureStderr();
    EXPECT_EQ(shown({AddressForm::truncated, gone}), "203.0.113.0/24");
    EXPECT_EQ(shown({AddressForm::full, gone}), "203.0.113.77");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace keyshift::collectors
