# The rule from tables to verdicts.


rule check_claims:
    """The verdict on each of the paper's claims, with intervals and evidence, as JSON and as a table."""
    input:
        **inputs(PIPELINE.claims()),
    output:
        verdicts=str(PATHS.claims),
        table=str(PATHS.claims.with_suffix(".csv")),
    params:
        **plan_of(PIPELINE.claims),
    log:
        log_of("claims/claims"),
    localrule: True
    threads: 1
    shell:
        "nvae claims --claims {input.claims} --profile {PROFILE} --out {output.verdicts} --plan {params.plan}"
        " > {log} 2>&1"
