# Rules from archives, or from recipes for the built-in sets, to prepared sets.


rule fetch_dataset:
    """The checked raw files of a real data set, and the list of their checksums. The files themselves are no declared
    outputs, since Snakemake would delete them before a second run, even those supplied by hand."""
    output:
        manifest=str(raw_list("{dataset}")),
    wildcard_constraints:
        dataset="|".join(name for name, params in sorted(CONFIG.data.items()) if not params.drawn),
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
        dataset="|".join(name for name, params in sorted(CONFIG.data.items()) if params.drawn),
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
    params:
        **plan_of(PIPELINE.prepared),
    log:
        log_of("prepare/{dataset}"),
    threads: 1
    shell:
        "nvae prepare {wildcards.dataset} --profile {PROFILE} --out {output} --plan {params.plan} > {log} 2>&1"
