package ledger

const childFolder = "CADDYREC_TEST_LEDGER"

func childMain() {}
