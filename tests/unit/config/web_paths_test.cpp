// SPDX-License-Identifier: Apache-2.0
// web_paths.hpp: prefixes and URLs, as Prometheus reads them.
#include "config/web_paths.hpp"

#include <string>

#include <gtest/gtest.h>

namespace keyshift::config {
namespace {

std::string read(const base::Result<std::string>& value) {
    return value ? *value : "?";
}

TEST(WebPaths, ARoutePrefixHasOneSlashAtItsBeginningAndNoneAtItsEnd) {
    for (const char* text : {"a/b", "/a/b", "/a/b/", "a/b//", "//a/b"})
        EXPECT_EQ(read(parse_route_prefix(text)), "/a/b") << text;
    for (const char* text : {"/", "", "//"}) EXPECT_EQ(read(parse_route_prefix(text)), "") << text;
    for (const char* text :
         {"/a?b", "/a#b", "/a b", "/a%20", "/a//b", "/../a", "/a/..", "/a/./b", "/\xc3\xa4"})
        EXPECT_FALSE(parse_route_prefix(text)) << text;
}

TEST(WebPaths, ATelemetryPathIsBelowTheRootAndNoneOfOurOwn) {
    EXPECT_EQ(read(parse_telemetry_path("/probe/metrics")), "/probe/metrics");
    for (const char* text :
         {"", "/", "metrics", "/m?x", "/-/healthy", "/api/v1/status", "/keys", "/owners/x"})
        EXPECT_FALSE(parse_telemetry_path(text)) << text;
}

TEST(WebPaths, AnExternalUrlHasASchemeAndAHost) {
    EXPECT_EQ(read(parse_external_url("https://Ops.example.com/k/")), "https://ops.example.com/k");
    EXPECT_EQ(read(parse_external_url("HTTP://[::1]:80")), "http://[::1]:80");
    EXPECT_EQ(read(parse_external_url("http://h:1/")), "http://h:1");
    for (const char* text :
         {"", "ops.example.com", "ftp://h/", "http:/h", "http://", "http://u@h/", "http://h/?q",
          "http://h/#f", "http://h h/", "'http://h/'", "http://h:x/", "http:///k"})
        EXPECT_FALSE(parse_external_url(text)) << text;
}

TEST(WebPaths, ThePrefixIsThePathOfTheUrlUnlessSaidOtherwise) {
    WebPaths paths;
    EXPECT_EQ(paths.prefix(), "");
    EXPECT_EQ(paths.base(), "");
    paths.external_url = "https://h/a/b";
    EXPECT_EQ(paths.prefix(), "/a/b");
    EXPECT_EQ(paths.base(), "https://h/a/b");
    paths.route_prefix = "";  // the proxy takes it off
    EXPECT_EQ(paths.prefix(), "");
    EXPECT_EQ(paths.base(), "https://h/a/b");
    paths = {"/metrics", "/x", ""};
    EXPECT_EQ(paths.base(), "/x");
}

}  // namespace
}  // namespace keyshift::config
