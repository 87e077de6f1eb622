// SPDX-License-Identifier: Apache-2.0
// The precompiled header of the unit tests needs a program to belong to, built as they are.
int main() {}
