package schema

// formatWrong are format tests with another verdict than the suite's: those of
// format regex, which says what pattern takes, and that is RE2.
var formatWrong = func() map[string]string {
	wrong := map[string]string{}
	for _, c := range []struct{ test, why string }{
		{`\a is not an ECMA 262 control escape/when used as a pattern`, "RE2 has it"},
		{`Python-specific regular expression syntax is not valid ECMA 262/Python named group (?P<name>...) is not ECMA 262`, "RE2 has it"},
		{`global inline flag groups are not valid ECMA 262/a single global inline flag (?i)`, "RE2 has it"},
		{`global inline flag groups are not valid ECMA 262/multiple global inline flags (?ims)`, "RE2 has it"},
		{`ECMA 262 named groups and backreferences are valid/an ECMA 262 named backreference \k<name>`, "RE2 has no backreferences"},
		{`ECMA 262 lookbehind is valid, including variable width/a variable-width lookbehind (ES2018)`, "RE2 has no lookbehinds"},
		{`ECMA 262 character classes and escapes/an empty character class is valid ECMA 262`, "RE2 does not have it"},
		{`ECMA 262 character classes and escapes/a negated empty character class is valid ECMA 262`, "RE2 does not have it"},
		{`ECMA 262 character classes and escapes/a control escape \cA is valid ECMA 262`, "RE2 does not have it"},
	} {
		for _, draft := range []string{"draft7", "draft2019-09", "draft2020-12"} {
			wrong[draft+"/ecmascript-regex/"+c.test] = c.why
		}
	}
	return wrong
}()

// optionalRefused are groups of patterns that RE2 does not take.
var optionalRefused = func() map[string]string {
	refused := map[string]string{}
	for draft := range suiteDrafts {
		for _, letter := range []string{"upper", "lower"} {
			refused[draft+`/ecmascript-regex/ECMA 262 regex escapes control codes with \c and `+letter+" letter"] = "RE2 does not have it"
		}
	}
	return refused
}()

// optionalWrong are optional tests with another verdict than the suite's.
var optionalWrong = func() map[string]string {
	wrong := map[string]string{
		"draft4/zeroTerminatedFloats/some languages do not distinguish between different types of numeric value/a float is not an integer even without fractional part": "1.0 is an integer to every later draft, and to the compiler in this one",
	}
	for draft := range suiteDrafts {
		for _, c := range []string{"Line tabulation", "latin-1 non-breaking-space", "zero-width whitespace", "paragraph separator", "EM SPACE"} {
			of := map[string]string{"paragraph separator": " (line terminator)", "EM SPACE": " (Space_Separator)"}[c]
			wrong[draft+`/ecmascript-regex/ECMA 262 \s matches whitespace/`+c+" matches"+of] = "\\s of RE2 is of ASCII"
			wrong[draft+`/ecmascript-regex/ECMA 262 \S matches everything but whitespace/`+c+" does not match"+of] = "\\S of RE2 is the rest of \\s"
		}
	}
	return wrong
}()
