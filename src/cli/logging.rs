//! `ticketsim help logging`: how to log purchases, so that `check` can judge them.

/// What it says.
pub(super) const TEXT: &str = r#"How to log purchases, so that `ticketsim check` can judge them

What it takes of each purchase is who it was, when it was called, when it
returned, and what came of it. A purchase without an answer is `unknown`: say
so, it may have taken a ticket.

In Python, as lines of JSON; ticketsim check sale.jsonl --tickets 3 judges them:

    import json, time
    def logged(buyer, buy):
        line = dict(buyer=buyer, invoke_ns=time.time_ns(), outcome="unknown")
        try:
            line["outcome"] = "bought" if buy() else "refused"
            line["return_ns"] = time.time_ns()
        finally:
            print(json.dumps(line), file=open("sale.jsonl", "a"))

In SQL (this is SQLite's), in a table of its own, outside of the purchase's
transaction:

    CREATE TABLE IF NOT EXISTS sale_log
      (buyer, began, ended, outcome DEFAULT 'unknown');
    INSERT INTO sale_log (buyer, began)
      VALUES ('ann', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
    UPDATE tickets SET stock = stock - 1 WHERE stock > 0;
    UPDATE sale_log
      SET outcome = CASE changes() WHEN 1 THEN 'bought' ELSE 'refused' END,
      ended = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
      WHERE buyer = 'ann' AND ended IS NULL;

    sqlite3 -csv -header shop.db 'SELECT * FROM sale_log' > sale.csv
    ticketsim check sale.csv --tickets 3 \
      --columns buyer=buyer,start=began,end=ended,outcome=outcome

What other tools have logged, with rules that say what an answer means (the
first that holds wins):

    ticketsim check results.jtl --tickets 3 \
      --bought status=200 --refused status=409
    ticketsim check k6.json --tickets 3 --bought status=200 \
      --refused status=409,410 --unknown status=0,504
    ticketsim check hey.csv --tickets 3 --bought status=200 --otherwise failed
    ticketsim check access.jsonl --tickets 3 --unit s \
      --columns buyer=user,end=time,elapsed=took,status=code \
      --bought status=200 --otherwise failed
    ticketsim check history.edn --f purchase=buy,return=cancel

JMeter's timeStamp is taken for the start of a sample
(sampleresult.timestamp.start=true); where it is the end:
--columns end=timeStamp,elapsed=elapsed.
Several logs of one stock: check a.jsonl b.jsonl --merge.
"#;
