# Rules from archives, or from recipes for the built-in sets, to prepared sets and their nulls.

WITH_FILES = sorted(set(CONFIG.data) - set(CONFIG.nulls()))
DRAWN = [name for name in WITH_FILES if CONFIG.data_params(name).drawn]


rule fetch_dataset:
    """The checked raw files of a real data set, and the list of their checksums. The files themselves are no declared
    outputs, since Snakemake would delete them before a second run, even those supplied by hand."""
    output:
        manifest=str(raw_list("{dataset}")),
    wildcard_constraints:
        dataset="|".join(sorted(set(WITH_FILES) - set(DRAWN))),
    params:
        **plan_of(PIPELINE.raw_files),
    log:
        log_of("fetch/{dataset}"),
    localrule: True  # the machines of a cluster often have no network
    threads: 1
    shell:
        "nvae fetch {wildcards.dataset} --plan {params.plan} 2>&1 | tee {log}"


rule draw_dataset:
    """The raw files of a built-in data set, drawn from known factors; in profile demo they replace real data."""
    output:
        manifest=str(raw_list("{dataset}")),
    wildcard_constraints:
        dataset="|".join(DRAWN),
    params:
        **plan_of(PIPELINE.raw_files),
    log:
        log_of("draw-data/{dataset}"),
    threads: 1
    shell:
        "nvae draw-data {wildcards.dataset} --profile {PROFILE} --plan {params.plan} > {log} 2>&1"


rule prepare_dataset:
    """One prepared set: images that are filtered, cropped, scaled and split."""
    input:
        unpack(inputs_of(PIPELINE.prepared)),
    output:
        data=str(PATHS.prepared("{dataset}")),
    wildcard_constraints:
        dataset="|".join(WITH_FILES),
    params:
        **plan_of(PIPELINE.prepared),
    log:
        log_of("prepare/{dataset}"),
    threads: 1
    shell:
        "nvae prepare {wildcards.dataset} --profile {PROFILE} --out {output} --plan {params.plan} > {log} 2>&1"


rule make_null:
    """A null of a prepared set, in which no factor is exclusive to a class."""
    input:
        unpack(inputs_of(PIPELINE.prepared)),
    output:
        data=str(PATHS.prepared("{dataset}")),
    wildcard_constraints:
        dataset="|".join(CONFIG.nulls()),
    params:
        **plan_of(PIPELINE.prepared),
    log:
        log_of("null/{dataset}"),
    threads: 1
    shell:
        "nvae null {wildcards.dataset} --profile {PROFILE} --data {input.data} --out {output} --plan {params.plan} > {log} 2>&1"
