# Rules from archives, or from recipes for the built-in sets, to prepared sets.

BUILTIN_SETS = [name for name, params in sorted(CONFIG.data.items()) if params.drawn]
REAL_SETS = sorted(set(CONFIG.data) - set(BUILTIN_SETS))


rule fetch_dataset:
    """The checked raw files of a real data set, and the manifest with their checksums. The files themselves are no
    declared outputs, since Snakemake would delete them before a second run, even those supplied by hand."""
    input:
        REGISTRY,
    output:
        manifest=str(raw("{dataset}")) + ".sha256",
    wildcard_constraints:
        dataset="|".join(REAL_SETS),
    log:
        log_of("fetch/{dataset}"),
    localrule: True  # the machines of a cluster often have no network
    threads: 1
    shell:
        "nvae fetch {wildcards.dataset} 2>&1 | tee {log}"


rule draw_dataset:
    """The raw files of a built-in data set, drawn from known factors; in profile demo they replace real data."""
    output:
        manifest=str(raw("{dataset}")) + ".sha256",
    wildcard_constraints:
        dataset="|".join(BUILTIN_SETS),
    params:
        code=lambda wildcards: code("draw-data", recipe_module(wildcards.dataset)),
        slice=lambda wildcards: CONFIG.slice("draw-data", dataset=wildcards.dataset),
    log:
        log_of("draw-data/{dataset}"),
    threads: 1
    shell:
        "nvae draw-data {wildcards.dataset} --profile {PROFILE} > {log} 2>&1"


rule prepare_dataset:
    """One prepared set: images that are filtered, cropped, scaled and split."""
    input:
        manifest=str(raw("{dataset}")) + ".sha256",
        boxes=lambda wildcards: getattr(CONFIG.data[wildcards.dataset], "face_boxes", None) or [],
    output:
        str(PATHS.prepared("{dataset}")),
    params:
        code=lambda wildcards: code("prepare", PREPARERS[CONFIG.data[wildcards.dataset].kind]),
        slice=lambda wildcards: CONFIG.slice("prepare", dataset=wildcards.dataset),
    log:
        log_of("prepare/{dataset}"),
    threads: 1
    shell:
        "nvae prepare {wildcards.dataset} --profile {PROFILE} --out {output} > {log} 2>&1"
