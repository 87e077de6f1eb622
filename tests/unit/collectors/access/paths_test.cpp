// SPDX-License-Identifier: Apache-2.0
#include "collectors/access/paths.hpp"

#include <gtest/gtest.h>

namespace keyshift::collectors {
namespace {

TEST(AccessPaths, ThePathOfATarget) {
    EXPECT_EQ(path_of("/v1/models"), "/v1/models");
    EXPECT_EQ(path_of("/v1/models?a=/b"), "/v1/models");
    EXPECT_EQ(path_of("/v1#x"), "/v1");
    EXPECT_EQ(path_of("http://gateway:80/v1/x?y"), "/v1/x");
    EXPECT_EQ(path_of("hTTps://gateway/v1"), "/v1");
    EXPECT_EQ(path_of("http://gateway?x=/v1/"), "/");
    for (const char* const none : {"", "*", "gateway:443", "?/v1", "http:/", "ftp://gateway/v1", "v1/"})
        EXPECT_EQ(path_of(none), "") << none;
}

TEST(AccessPaths, Resolved) {
    const std::pair<std::string_view, std::string_view> paths[] = {{"/v1/models", "/v1/models"},
                                                                   {"/v1/", "/v1/"},
                                                                   {"/", "/"},
                                                                   {"//v1///a//", "/v1/a/"},
                                                                   {"/%76%31/%2Fa", "/v1/a"},
                                                                   {"/v1/./a/.", "/v1/a/"},
                                                                   {"/v1/../a", "/a"},
                                                                   {"/../../a/..", "/"},
                                                                   {"/a/%2e%2E/b", "/b"},
                                                                   {"/%2576", "/%76"},
                                                                   {"/%", "/%"},
                                                                   {"/%7", "/%7"},
                                                                   {"/%zz", "/%zz"},
                                                                   {"/.hidden", "/.hidden"},
                                                                   {"/..a/b", "/..a/b"},
                                                                   {"", ""}};
    for (const auto& [written, resolved] : paths) EXPECT_EQ(resolved_path(written), resolved) << written;
}

TEST(AccessPaths, ShownWithoutQueriesAndKeys) {
    const std::pair<std::string_view, std::string_view> paths[] = {
        {"/v1/models", "/v1/models"},
        {"/v1/a%3Fkey=secret", "/v1/a"},
        {"/v1/sk-AbC12/x", "/v1/sk-AbC12/x"},
        {"/v1/sk-AbC123def", "/v1/sk-***"},
        {"/v1/sk-AbC123def/ghi+x/y", "/v1/sk-***"},
        {"/v1/s%6B%2DAbC123def", "/v1/sk-***"},
        {"/v1/risk-AbC123def", "/v1/risk-AbC123def"},
        {"/v1/key=sk-AbC123def", "/v1/key=sk-***"},
        {"/v1/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x", "/v1/eyJ***"},
        {"/v1/x%0A%1B[2J", "/v1/x\\n\\x1b[2J"},
        {"/v1/%FF", "/v1/\\xff"}};
    for (const auto& [written, shown] : paths) EXPECT_EQ(shown_path(written), shown) << written;
    EXPECT_EQ(shown_text("client/1.0 (sk-AbC123def)"), "client/1.0 (sk-***");
    EXPECT_EQ(shown_text("sk-learn sk-AbC123def"), "sk-learn sk-***");
}

}  // namespace
}  // namespace keyshift::collectors
