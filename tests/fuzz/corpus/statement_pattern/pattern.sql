a*bc*a
abcabcabca