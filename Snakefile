from snakemake.utils import min_version

min_version("9.0")


configfile: "params.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/claims.smk"


onstart:
    if workflow.is_main_process and workflow.local_exec:
        lift_rate_limit(workflow.scheduler, snakemake_version)
        if len(workflow.dag) > 4:  # fewer jobs end before the server is ready
            fork_client.start()


onerror:
    print(
        "Finished results are kept. The same command runs the missing jobs, and resumes trainings from checkpoints."
    )


wildcard_constraints:
    dataset="|".join(sorted(CONFIG.data)),
    variant="|".join(sorted(CONFIG.variants)),
    seed=r"\d+",
    kind="class|shared",


localrules:
    all_data,
    all_models,
    all_tables,
    all_figures,
    all_claims,
    all_releases,


rule all_figures:
    """Default target: every figure with its caption, all tables, the summary of metrics and the verdicts; in profile
    paper, whose results are in git, also the released weights."""
    default_target: True
    input:
        ALL_FIGURES,
        ALL_TABLES,
        PATHS.metrics,
        PATHS.claims,
        ALL_RELEASES if PROFILE == "paper" else [],


rule all_data:
    """The prepared sets of the profile's data sets."""
    input:
        [PATHS.prepared(dataset) for dataset in DATASETS],


rule all_models:
    """Every trained model of the profile."""
    input:
        ALL_MODELS,


rule all_tables:
    """Every joined table, the arrays of the figures, and the summary of metrics."""
    input:
        ALL_TABLES,
        PATHS.metrics,


rule all_claims:
    """The verdicts on the paper's claims."""
    input:
        PATHS.claims,


rule all_releases:
    """Trained weights of the first seed in half precision, for use without training (results/PROFILE/release)."""
    input:
        ALL_RELEASES,
