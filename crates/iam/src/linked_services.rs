//! The services whose roles `CreateServiceLinkedRole` makes ("AWS services that work with IAM", each service's
//! own page on its service-linked roles).

/// The role that a service gets.
#[derive(Debug)]
pub(crate) struct Template {
    /// For example `autoscaling.amazonaws.com`.
    pub(crate) service: &'static str,
    /// The role's name.
    pub(crate) role: &'static str,
    /// The managed policy, under `/aws-service-role/`.
    pub(crate) policy: &'static str,
}

/// Those whose account may have several roles, told apart by a suffix.
const SUFFIXED: [&str; 3] = ["autoscaling.amazonaws.com", "connect.amazonaws.com", "lexv2.amazonaws.com"];

impl Template {
    /// That of a service.
    pub(crate) fn of(service: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.service == service)
    }

    /// Whether the role's name may be given a suffix.
    pub(crate) fn takes_suffix(&self) -> bool {
        SUFFIXED.contains(&self.service)
    }

    /// The ARN of the managed policy.
    pub(crate) fn policy_arn(&self) -> String {
        format!("arn:aws:iam::aws:policy/aws-service-role/{}", self.policy)
    }
}

macro_rules! templates {
    ($($service:literal $role:literal $policy:literal)*) => {
        &[$(Template {
            service: concat!($service, ".amazonaws.com"),
            role: concat!("AWSServiceRoleFor", $role),
            policy: $policy,
        }),*]
    };
}

const TEMPLATES: &[Template] = templates! {
    "access-analyzer" "AccessAnalyzer" "AccessAnalyzerServiceRolePolicy"
    "acm" "CertificateManager" "CertificateManagerServiceRolePolicy"
    "airflow" "AmazonMWAA" "AmazonMWAAServiceRolePolicy"
    "apidestinations.events" "AmazonEventBridgeApiDestinations" "AmazonEventBridgeApiDestinationsServiceRolePolicy"
    "autoscaling" "AutoScaling" "AutoScalingServiceRolePolicy"
    "backup" "Backup" "AWSBackupServiceLinkedRolePolicyForBackup"
    "batch" "Batch" "BatchServiceRolePolicy"
    "cassandra.application-autoscaling" "ApplicationAutoScaling_CassandraTable" "AWSApplicationAutoscalingCassandraTablePolicy"
    "cks.kms" "KeyManagementServiceCustomKeyStores" "AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy"
    "cloudtrail" "CloudTrail" "CloudTrailServiceRolePolicy"
    "compute-optimizer" "ComputeOptimizer" "ComputeOptimizerServiceRolePolicy"
    "config" "Config" "AWSConfigServiceRolePolicy"
    "config-conforms" "ConfigConforms" "ConfigConformsServiceRolePolicy"
    "connect" "AmazonConnect" "AmazonConnectServiceLinkedRolePolicy"
    "contributorinsights.dynamodb" "DynamoDBCloudWatchContributorInsights" "DynamoDBCloudWatchContributorInsightsServiceRolePolicy"
    "controltower" "AWSControlTower" "AWSControlTowerAccountServiceRolePolicy"
    "cost-optimization-hub.bcm" "CostOptimizationHub" "CostOptimizationHubServiceRolePolicy"
    "dax" "DAX" "DAXServiceRolePolicy"
    "delivery.logs" "LogDelivery" "AWSServiceRoleForLogDeliveryPolicy"
    "dsql" "AuroraDsql" "AuroraDsqlServiceLinkedRolePolicy"
    "dynamodb.application-autoscaling" "ApplicationAutoScaling_DynamoDBTable" "AWSApplicationAutoscalingDynamoDBTablePolicy"
    "ec2.application-autoscaling" "ApplicationAutoScaling_EC2SpotFleetRequest" "AWSApplicationAutoscalingEC2SpotFleetRequestPolicy"
    "ec2fleet" "EC2Fleet" "AWSEC2FleetServiceRolePolicy"
    "ecs" "ECS" "AmazonECSServiceRolePolicy"
    "ecs.application-autoscaling" "ApplicationAutoScaling_ECSService" "AWSApplicationAutoscalingECSServicePolicy"
    "eks" "AmazonEKS" "AmazonEKSServiceRolePolicy"
    "eks-fargate" "AmazonEKSForFargate" "AmazonEKSForFargateServiceRolePolicy"
    "eks-nodegroup" "AmazonEKSNodegroup" "AWSServiceRoleForAmazonEKSNodegroup"
    "elasticache" "ElastiCache" "ElastiCacheServiceRolePolicy"
    "elasticache.application-autoscaling" "ApplicationAutoScaling_ElastiCacheRG" "AWSApplicationAutoscalingElastiCacheRGPolicy"
    "elasticbeanstalk" "ElasticBeanstalk" "AWSElasticBeanstalkServiceRolePolicy"
    "elasticfilesystem" "AmazonElasticFileSystem" "AmazonElasticFileSystemServiceRolePolicy"
    "elasticloadbalancing" "ElasticLoadBalancing" "AWSElasticLoadBalancingServiceRolePolicy"
    "elasticmapreduce" "EMRCleanup" "AmazonEMRCleanupPolicy"
    "elasticmapreduce.application-autoscaling" "ApplicationAutoScaling_EMRInstanceGroup" "AWSApplicationAutoscalingEMRInstanceGroupPolicy"
    "email.cognito-idp" "AmazonCognitoIdpEmailService" "AmazonCognitoIdpEmailServiceRolePolicy"
    "emr-containers" "AmazonEMRContainers" "AmazonEMRContainersServiceRolePolicy"
    "es" "AmazonElasticsearchService" "AmazonElasticsearchServiceRolePolicy"
    "events" "CloudWatchEvents" "CloudWatchEventsServiceRolePolicy"
    "fis" "FIS" "AmazonFISServiceRolePolicy"
    "fms" "FMS" "FMSServiceRolePolicy"
    "fsx" "AmazonFSx" "AmazonFSxServiceRolePolicy"
    "globalaccelerator" "GlobalAccelerator" "AWSGlobalAcceleratorSLRPolicy"
    "grafana" "AmazonGrafana" "AmazonGrafanaServiceLinkedRolePolicy"
    "guardduty" "AmazonGuardDuty" "AmazonGuardDutyServiceRolePolicy"
    "inspector2" "AmazonInspector2" "AmazonInspector2ServiceRolePolicy"
    "kafka" "Kafka" "KafkaServiceRolePolicy"
    "kafka.application-autoscaling" "ApplicationAutoScaling_KafkaCluster" "AWSApplicationAutoscalingKafkaClusterPolicy"
    "kafkaconnect" "KafkaConnect" "KafkaConnectServiceRolePolicy"
    "kinesisreplication.dynamodb" "DynamoDBKinesisDataStreamsReplication" "DynamoDBKinesisReplicationServiceRolePolicy"
    "lakeformation" "LakeFormationDataAccess" "LakeFormationDataAccessServiceRolePolicy"
    "lambda.application-autoscaling" "ApplicationAutoScaling_LambdaConcurrency" "AWSApplicationAutoscalingLambdaConcurrencyPolicy"
    "lexv2" "LexV2Bots" "AmazonLexV2BotPolicy"
    "license-manager" "AWSLicenseManagerRole" "AWSLicenseManagerServiceRolePolicy"
    "logger.cloudfront" "CloudFrontLogger" "AWSCloudFrontLogger"
    "macie" "AmazonMacie" "AmazonMacieServiceRolePolicy"
    "member.org.stacksets.cloudformation" "CloudFormationStackSetsOrgMember" "CloudFormationStackSetsOrgMemberServiceRolePolicy"
    "memorydb" "MemoryDB" "MemoryDBServiceRolePolicy"
    "mq" "AmazonMQ" "AmazonMQServiceRolePolicy"
    "mrk.kms" "KeyManagementServiceMultiRegionKeys" "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy"
    "network-firewall" "NetworkFirewall" "AWSNetworkFirewallServiceRolePolicy"
    "networkmanager" "NetworkManager" "AWSNetworkManagerServiceRolePolicy"
    "observability.aoss" "AmazonOpenSearchServerless" "AmazonOpenSearchServerlessServiceRolePolicy"
    "opensearchservice" "AmazonOpenSearchService" "AmazonOpenSearchServiceRolePolicy"
    "ops.apigateway" "APIGateway" "APIGatewayServiceRolePolicy"
    "ops.emr-serverless" "AmazonEMRServerless" "AmazonEMRServerlessServiceRolePolicy"
    "organizations" "Organizations" "AWSOrganizationsServiceTrustPolicy"
    "osis" "AmazonOpenSearchIngestionService" "AmazonOpenSearchIngestionServiceRolePolicy"
    "pullthroughcache.ecr" "ECRPullThroughCache" "AWSECRPullThroughCache_ServiceRolePolicy"
    "ram" "ResourceAccessManager" "AWSResourceAccessManagerServiceRolePolicy"
    "rds" "RDS" "AmazonRDSServiceRolePolicy"
    "rds.application-autoscaling" "ApplicationAutoScaling_RDSCluster" "AWSApplicationAutoscalingRDSClusterPolicy"
    "redshift" "Redshift" "AmazonRedshiftServiceLinkedRolePolicy"
    "replication.dynamodb" "DynamoDBReplication" "DynamoDBReplicationServiceRolePolicy"
    "replication.ecr" "ECRReplication" "ECRReplicationServiceRolePolicy"
    "replicator.lambda" "LambdaReplicator" "AWSLambdaReplicator"
    "resource-explorer-2" "ResourceExplorer" "AWSResourceExplorerServiceRolePolicy"
    "route53resolver" "Route53Resolver" "Route53ResolverServiceRolePolicy"
    "sagemaker.application-autoscaling" "ApplicationAutoScaling_SageMakerEndpoint" "AWSApplicationAutoscalingSageMakerEndpointPolicy"
    "securityhub" "SecurityHub" "AWSSecurityHubServiceRolePolicy"
    "securitylake" "SecurityLake" "SecurityLakeServiceLinkedRole"
    "servicequotas" "ServiceQuotas" "ServiceQuotasServiceRolePolicy"
    "shield" "AWSShield" "AWSShieldServiceRolePolicy"
    "spot" "EC2Spot" "AWSEC2SpotServiceRolePolicy"
    "spotfleet" "EC2SpotFleet" "AWSEC2SpotFleetServiceRolePolicy"
    "ssm" "AmazonSSM" "AmazonSSMServiceRolePolicy"
    "sso" "SSO" "AWSSSOServiceRolePolicy"
    "stacksets.cloudformation" "CloudFormationStackSetsOrgAdmin" "CloudFormationStackSetsOrgAdminServiceRolePolicy"
    "storage-lens.s3" "S3StorageLens" "S3StorageLensServiceRolePolicy"
    "support" "Support" "AWSSupportServiceRolePolicy"
    "timestream-influxdb" "AmazonTimestreamInfluxDB" "AmazonTimestreamInfluxDBServiceRolePolicy"
    "transitgateway" "VPCTransitGateway" "AWSVPCTransitGatewayServiceRolePolicy"
    "trustedadvisor" "TrustedAdvisor" "AWSTrustedAdvisorServiceRolePolicy"
    "vpc-lattice" "VpcLattice" "AWSVpcLatticeServiceRolePolicy"
    "wafv2" "WAFV2Logging" "WAFV2LoggingServiceRolePolicy"
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_one_of_aws_s() {
        for template in TEMPLATES {
            assert!(crate::managed::find(&template.policy_arn()).is_some(), "{template:?}");
        }
    }
}
