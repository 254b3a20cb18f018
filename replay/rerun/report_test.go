package rerun

import "testing"

func TestAReportWithAStepThatIsNothingIsNone(t *testing.T) {
	if _, _, err := ParseReport([]byte(`{"replay":"r","steps":[null]}`)); err == nil {
		t.Error("it is read")
	}
	if _, _, err := ParseReport([]byte(`{"replay":"r","steps":[{}]}`)); err != nil {
		t.Error(err)
	}
}
