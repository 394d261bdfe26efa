# Rules from trained models to tidy tables; each analysis in the list of nvae/analyses has one.

JOINED_TABLES = [str(PATHS.table(table)) for table in TABLES if TABLE_RUNS[table]]
ALL_TABLES = sorted(
    {
        *JOINED_TABLES,
        str(PATHS.table(VARIANTS.name)),
        *(
            str(path)
            for figure in FIGURES
            for path in figure.files(PATHS, CONFIG.datasets, CONFIG.seeds_of)
            if path.suffix == ".npz"
        ),
    }
)

for analysis in ANALYSES.values():

    if analysis.first_seed_alone:

        rule:
            """An analysis whose table has arrays, such as images, of the first seed's model."""
            name:
                analysis.name
            input:
                unpack(lambda wildcards, analysis=analysis: inputs_of(analysis, wildcards)),
            output:
                str(
                    PATHS.arrays(
                        analysis.name, "{dataset}", "{variant}", "{kind}" if "kind" in analysis.options else ""
                    )
                ),
            params:
                code=lambda wildcards, analysis=analysis: analysis_code(analysis, wildcards),
                settings=lambda wildcards, analysis=analysis: CONFIG.sections(
                    analysis.sections, dataset=wildcards.dataset, variant=wildcards.variant
                ),
                seed=first_seed,
                verb=analysis.name,
                kind="--kind {kind}" if "kind" in analysis.options else "",
            log:
                log_of(f"{analysis.name}/{{dataset}}-{{variant}}" + ("-{kind}" if "kind" in analysis.options else "")),
            threads: 1
            shell:
                "nvae {params.verb} {wildcards.dataset} --variant {wildcards.variant} --seed {params.seed}"
                " {params.kind} --profile {PROFILE} --out {output} --threads {threads} 2>&1 | tee {log}"

    else:

        rule:
            """An analysis with one table per run."""
            name:
                analysis.name
            input:
                unpack(lambda wildcards, analysis=analysis: inputs_of(analysis, wildcards)),
            output:
                str(PATHS.run_table(analysis.name, "{dataset}", "{variant}", "{seed}")),
            params:
                code=lambda wildcards, analysis=analysis: analysis_code(analysis, wildcards),
                settings=lambda wildcards, analysis=analysis: CONFIG.sections(
                    analysis.sections, dataset=wildcards.dataset, variant=wildcards.variant
                ),
                verb=analysis.name,
            log:
                log_of(f"{analysis.name}/{{dataset}}-{{variant}}-seed{{seed}}"),
            threads: 1
            resources:
                gpu=int(analysis.trains),
            # A calibration takes long and needs no other job. If it started last, the other cores would be idle.
            priority: 0 if analysis.reads else 1
            shell:
                "nvae {params.verb} {wildcards.dataset} --variant {wildcards.variant} --seed {wildcards.seed}"
                " --profile {PROFILE} --out {output} --threads {threads} 2>&1 | tee {log}"


rule collect_table:
    """One tidy table of all runs, which is kept in git and on which the claims are evaluated."""
    input:
        tables=run_tables_of,
    output:
        str(PATHS.table("{table}")),
    wildcard_constraints:
        table="|".join(table for table in ANALYSES if table in TABLES),
    params:
        code=code("collect"),
    log:
        log_of("collect/{table}"),
    localrule: True
    threads: 1
    shell:
        "nvae collect {input.tables} --out {output} > {log} 2>&1"


rule collect_history:
    """The training histories of all runs, one row per term."""
    input:
        tables=[
            str(PATHS.model(dataset, variant, seed) / MODEL_FILES["history"])
            for dataset, variant in sorted(TABLE_RUNS["history"])
            for seed in CONFIG.seeds_of(dataset)
        ],
    output:
        str(PATHS.table("history")),
    params:
        code=code("collect"),
    log:
        log_of("collect/history"),
    localrule: True
    threads: 1
    shell:
        "nvae collect --history {input.tables} --out {output} > {log} 2>&1"


rule variants:
    """The parameters of every variant on every data set, for Figures S5 and S6."""
    output:
        str(PATHS.table(VARIANTS.name)),
    params:
        code=code("variants"),
        settings=[
            f"{dataset}/{variant} {CONFIG.sections(['model'], dataset=dataset, variant=variant)}"
            for dataset, variant in RUNS
        ],
    log:
        log_of("variants/variants"),
    localrule: True
    threads: 1
    shell:
        "nvae variants --profile {PROFILE} --out {output} > {log} 2>&1"


rule summarise_metrics:
    """The test metrics in one small file, for `dvc metrics show`."""
    input:
        table=str(PATHS.table("metrics")),
    output:
        str(PATHS.metrics),
    params:
        code=code("summarise"),
    log:
        log_of("summarise/metrics"),
    localrule: True
    threads: 1
    shell:
        "nvae summarise --profile {PROFILE} --table {input.table} --out {output} > {log} 2>&1"
