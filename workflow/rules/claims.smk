# The rule from tables to verdicts.


rule check_claims:
    """The verdict on each of the paper's claims, with intervals and evidence, as JSON and as a table."""
    input:
        claims="claims.yaml",
        tables=sorted({str(PATHS.table(table)) for table, _, _ in CLAIMS.needs()}),
    output:
        verdicts=str(PATHS.claims),
        table=str(PATHS.claims.with_suffix(".csv")),
    params:
        code=code("claims"),
    log:
        log_of("claims/claims"),
    localrule: True
    threads: 1
    shell:
        "nvae claims --claims {input.claims} --profile {PROFILE} --out {output.verdicts} > {log} 2>&1"
