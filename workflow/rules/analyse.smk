# Rules from trained models to tidy tables; each analysis in the list of nvae/analyses has one.

from functools import partial

for analysis in ANALYSES.values():

    if analysis.first_seed_alone:
        KIND = "{kind}" if "kind" in analysis.options else ""

        rule:
            """An analysis whose table has arrays, such as images, of the first seed's model."""
            name:
                analysis.name
            input:
                unpack(inputs_of(partial(PIPELINE.analysis, analysis.name))),
            output:
                table=str(PATHS.arrays(analysis.name, "{dataset}", "{variant}", KIND)),
            params:
                **plan_of(partial(PIPELINE.analysis, analysis.name)),
                seed=lambda wildcards, threads: PIPELINE.first_seed(wildcards.dataset),
                kind=lambda wildcards, threads: f"--kind {wildcards.kind}" if "kind" in wildcards.keys() else "",
            log:
                log_of(f"{analysis.name}/{{dataset}}-{{variant}}{KIND and f'-{KIND}'}"),
            threads: 1
            shell:
                "nvae {params.verb} {wildcards.dataset} --variant {wildcards.variant} --seed {params.seed}"
                " {params.kind} --profile {PROFILE} --out {output}"
                " --threads {threads} --plan {params.plan} 2>&1 | tee {log}"

    else:

        rule:
            """An analysis with one table per run."""
            name:
                analysis.name
            input:
                unpack(inputs_of(partial(PIPELINE.analysis, analysis.name))),
            output:
                table=str(PATHS.run_table(analysis.name, "{dataset}", "{variant}", "{seed}")),
            params:
                **plan_of(partial(PIPELINE.analysis, analysis.name)),
            log:
                log_of(f"{analysis.name}/{{dataset}}-{{variant}}-seed{{seed}}"),
            threads: 1
            resources:
                gpu=int(analysis.trains),
            # A calibration takes long and needs no other job. If it started last, the other cores would be idle.
            priority: 0 if analysis.reads else 1
            shell:
                "nvae {params.verb} {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
                " --profile {PROFILE} --out {output}"
                " --threads {threads} --plan {params.plan} 2>&1 | tee {log}"


rule collect_table:
    """One tidy table of all runs, which is kept in git and on which the claims are evaluated."""
    input:
        unpack(inputs_of(PIPELINE.joined)),
    output:
        table=str(PATHS.table("{table}")),
    wildcard_constraints:
        table="|".join(table for table in ANALYSES if table in TABLES),
    params:
        **plan_of(PIPELINE.joined),
    log:
        log_of("collect/{table}"),
    localrule: True
    threads: 1
    shell:
        "nvae collect {input.tables} --out {output} --plan {params.plan} > {log} 2>&1"


rule collect_history:
    """The training histories of all runs, one row per term."""
    input:
        **inputs(PIPELINE.joined("history")),
    output:
        table=str(PATHS.table("history")),
    params:
        **plan_of(partial(PIPELINE.joined, "history")),
    log:
        log_of("collect/history"),
    localrule: True
    threads: 1
    shell:
        "nvae collect --history {input.tables} --out {output} --plan {params.plan} > {log} 2>&1"


rule variants:
    """The parameters of every variant on every data set, for Figures S5 and S6."""
    output:
        table=str(PATHS.table(VARIANTS.name)),
    params:
        **plan_of(PIPELINE.variants),
    log:
        log_of("variants/variants"),
    localrule: True
    threads: 1
    shell:
        "nvae variants --profile {PROFILE} --out {output} --plan {params.plan} > {log} 2>&1"


rule summarise_metrics:
    """The test metrics in one small file, for `dvc metrics show`."""
    input:
        **inputs(PIPELINE.metrics()),
    output:
        summary=str(PATHS.metrics),
    params:
        **plan_of(PIPELINE.metrics),
    log:
        log_of("summarise/metrics"),
    localrule: True
    threads: 1
    shell:
        "nvae summarise --profile {PROFILE} --table {input.metrics} --out {output} --plan {params.plan} > {log} 2>&1"
